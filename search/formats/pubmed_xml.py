"""PubMed XML: baseline and update files, and what PubMed and EFetch export.

The DTD is NLM's (pubmed_190101 and later; https://dtd.nlm.nih.gov/ncbi/pubmed/), the meaning of
its elements stands in "MEDLINE/PubMed XML Element Descriptions". Records are ``PubmedArticle`` and
``PubmedBookArticle``; ``DeleteCitation`` of an update file becomes :class:`Deletion`.

Not taken over: affiliations, grants, chemicals, MeSH qualifiers, references.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO

from lxml import etree

from search.formats.fields.dates import date_from_parts, date_of
from search.formats.fields.dois import clean_doi
from search.formats.fields.identifiers import is_trial_register
from search.formats.fields.identity import record_id
from search.formats.fields.markup import plain_text
from search.formats.fields.nlm_texts import nlm_texts
from search.formats.fields.page_ranges import page_range
from search.formats.fields.retractions import retraction_state
from search.formats.syntax.read_items import Deletion, Item, Rejected, Versioned, record_or_rejected
from search.formats.syntax.xml_records import read_elements, root_name, text_at, text_of, texts_at
from search.records import Record

_ROOTS = {
    "PubmedArticleSet",
    "PubmedBookArticleSet",
    "PubmedArticle",
    "PubmedBookArticle",
    "DeleteCitation",
}
_MAX_VERSION_DIGITS = 4
_ITEMS = ("PubmedArticle", "PubmedBookArticle", "DeleteCitation")
# RefType of a notice about the record: the notice's name, and the RefType of the same weight.
_NOTICES = {
    "RetractionIn": ("Retraction", "RetractionIn"),
    "RetractedandRepublishedIn": ("Retraction and Republication", "RetractionIn"),
    "PartialRetractionIn": ("Partial Retraction", "ErratumIn"),
    "ExpressionOfConcernIn": ("Expression of Concern", "ExpressionOfConcernIn"),
    "ErratumIn": ("Erratum", "ErratumIn"),
    "CorrectedandRepublishedIn": ("Correction and Republication", "ErratumIn"),
}


def recognises(head: bytes) -> bool:
    """A root element of the PubMed DTD."""
    return root_name(head) in _ROOTS


def read(stream: BinaryIO, versioned: Versioned | None = None) -> Iterator[Item]:
    """Records and deletions of the stream; a broken one is a :class:`Rejected`. ``versioned`` is
    told of a record's version, before the record comes, where it is not the first."""
    for found in read_elements(stream, _ITEMS):
        if isinstance(found, Rejected):
            yield found
            continue
        place, element = found
        if element.tag == "DeleteCitation":
            for pmid in element.iterfind("PMID"):
                if number := text_of(pmid):
                    yield Deletion(record_id(pmid=number), _version(pmid))
        elif element.tag == "PubmedBookArticle":
            number = text_at(
                element, "BookDocument/ArticleIdList/ArticleId[@IdType='bookaccession']"
            )
            yield record_or_rejected(place, _book_article(element), "bookshelf", number)
        else:
            record = record_or_rejected(place, _article(element))
            version = _version(element.find("MedlineCitation/PMID"))
            if versioned and version > 1 and isinstance(record, Record):
                versioned(record.id, version)
            yield record


def _version(pmid: etree._Element | None) -> int:
    """The version that a ``PMID`` names; journals such as PLoS Currents have several of one."""
    text = "" if pmid is None else pmid.get("Version", "")
    return int(text) if text.isdecimal() and len(text) <= _MAX_VERSION_DIGITS else 1


def _article(element: etree._Element) -> dict[str, Any]:
    citation = _inner(element, "MedlineCitation")
    article = _inner(citation, "Article")
    pmid = text_at(citation, "PMID") or text_at(
        element, "PubmedData/ArticleIdList/ArticleId[@IdType='pubmed']"
    )
    doi = clean_doi(
        next(
            (
                text_of(e)
                for e in article.iterfind("ELocationID[@EIdType='doi']")
                if e.get("ValidYN") != "N"
            ),
            "",
        )
        or text_at(element, "PubmedData/ArticleIdList/ArticleId[@IdType='doi']")
    )
    notices = _notices(citation)
    publication_types = texts_at(article, "PublicationTypeList/PublicationType")
    titles = _titles(article, citation)
    return {
        **titles,
        "pmid": pmid,
        "doi": doi,
        "authors": _authors(article.find("AuthorList")),
        "journal": text_at(article, "Journal/Title", "Journal/ISOAbbreviation")
        or text_at(citation, "MedlineJournalInfo/MedlineTA"),
        "date": _date(article.find("Journal/JournalIssue/PubDate"))
        or _date(article.find("ArticleDate")),
        "volume": text_at(article, "Journal/JournalIssue/Volume"),
        "issue": text_at(article, "Journal/JournalIssue/Issue"),
        "pages": _pages(article),
        "issn": text_at(article, "Journal/ISSN")
        or text_at(citation, "MedlineJournalInfo/ISSNLinking"),
        "keywords": _keywords(citation),
        "publication_types": publication_types,
        "trial_ids": _trial_ids(article),
        "notices": [notice for notice, _ in notices],
        "retraction": retraction_state(
            titles["title"], [*publication_types, *(weight for _, weight in notices)]
        ),
    }


def _book_article(element: etree._Element) -> dict[str, Any]:
    document = _inner(element, "BookDocument")
    book = _inner(document, "Book")
    titles = _titles(document, document)
    book_title = text_at(book, "BookTitle")
    is_chapter = bool(titles["title"])
    if not is_chapter:
        titles["title"] = book_title
    pmid = text_at(document, "PMID")
    doi = clean_doi(text_at(document, "ArticleIdList/ArticleId[@IdType='doi']"))
    people = [*document.iterfind("AuthorList"), *book.iterfind("AuthorList")]
    by_role = {group.get("Type", "authors"): group for group in reversed(people)}
    return {
        **titles,
        "pmid": pmid,
        "doi": doi,
        "authors": _authors(by_role.get("authors", by_role.get("editors"))),
        "journal": book_title if is_chapter else "",
        "date": _date(document.find("ContributionDate")) or _date(book.find("PubDate")),
        "volume": text_at(book, "Volume"),
        "pages": page_range(text_at(document, "Pagination/MedlinePgn")),
        "keywords": texts_at(document, "KeywordList/Keyword"),
        "publication_types": texts_at(document, "PublicationType"),
        "retraction": retraction_state(titles["title"]),
    }


def _inner(element: etree._Element, name: str) -> etree._Element:
    """The child of this name; without it the element itself, whose fields then are just absent."""
    found = element.find(name)
    return element if found is None else found


def _titles(article: etree._Element, citation: etree._Element) -> dict[str, Any]:
    """Title, abstract, language and translations."""
    return nlm_texts(
        texts_at(article, "Language"),
        plain_text(text_at(article, "ArticleTitle")),
        plain_text(text_at(article, "VernacularTitle")),
        _abstract(article.find("Abstract")),
        [
            (other.get("Language", ""), _abstract(other))
            for other in [*citation.iterfind("OtherAbstract"), *article.iterfind("OtherAbstract")]
        ],
    )


def _abstract(element: etree._Element | None) -> str:
    """The sections of an abstract, one a line, each after its label."""
    if element is None:
        return ""
    sections = []
    for section in element.iterfind("AbstractText"):
        text = plain_text(text_of(section))
        label = section.get("Label", "").strip()
        if text:
            labelled = label and label.upper() != "UNLABELLED"
            sections.append(f"{label}: {text}" if labelled else text)
    return "\n".join(sections)


def _authors(people: etree._Element | None) -> list[dict[str, str]]:
    if people is None:
        return []
    authors = []
    for person in people.iterfind("Author"):
        if person.get("ValidYN") == "N":
            continue
        family = text_at(person, "LastName", "CollectiveName")
        given = " ".join(
            filter(None, (text_at(person, "ForeName", "Initials"), text_at(person, "Suffix")))
        )
        if family or given:
            authors.append({"family": family or given, "given": given if family else ""})
    return authors


def _date(element: etree._Element | None) -> str:
    if element is None:
        return ""
    year, month, day = (text_at(element, name) for name in ("Year", "Month", "Day"))
    return date_from_parts(year, month, day) or date_of(text_at(element, "MedlineDate"))


def _pages(article: etree._Element) -> str:
    whole = page_range(text_at(article, "Pagination/MedlinePgn"))
    return whole or page_range(
        text_at(article, "Pagination/StartPage"), text_at(article, "Pagination/EndPage")
    )


def _keywords(citation: etree._Element) -> list[str]:
    paths = (
        "MeshHeadingList/MeshHeading/DescriptorName",
        "SupplMeshList/SupplMeshName",
        "KeywordList/Keyword",
    )
    return list(dict.fromkeys(word for path in paths for word in texts_at(citation, path)))


def _trial_ids(article: etree._Element) -> list[str]:
    return list(
        dict.fromkeys(
            number
            for bank in article.iterfind("DataBankList/DataBank")
            if is_trial_register(text_at(bank, "DataBankName"))
            for number in texts_at(bank, "AccessionNumberList/AccessionNumber")
        )
    )


def _notices(citation: etree._Element) -> list[tuple[dict[str, str], str]]:
    """The notices about the record, each with the RefType that says how grave it is."""
    notices = []
    for item in citation.iterfind("CommentsCorrectionsList/CommentsCorrections"):
        if named := _NOTICES.get(item.get("RefType", "")):
            kind, weight = named
            notice = {
                "kind": kind,
                "reference": text_at(item, "RefSource"),
                "pmid": text_at(item, "PMID"),
            }
            notices.append((notice, weight))
    return notices
