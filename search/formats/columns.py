"""What a table's columns mean: their names in Japanese and English, and the cells' contents.

The names are those of 医中誌Web, CiNii, J-STAGE, PubMed, Embase, Scopus, Web of Science, Zotero and
ASReview; ours are the field names of :class:`search.records.Record`.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from search.formats.fields.dates import date_from_parts, date_of
from search.formats.fields.dois import clean_doi
from search.formats.fields.headings import nlm_headings, split_headings
from search.formats.fields.identifiers import (
    accession_in,
    ichushi_id_in,
    issn_in,
    pmid_in,
    trial_id_of,
)
from search.formats.fields.keywords import literal_list, words_in
from search.formats.fields.languages import language_of, side_by_side
from search.formats.fields.markup import BEGINS_NOTHING, decoded, something
from search.formats.fields.names import people, people_in
from search.formats.fields.notices import SEPARATOR, notice_of
from search.formats.fields.page_ranges import page_range
from search.formats.fields.places import excel_date, number_of, pages_of, place_in
from search.formats.fields.remarks import Remarks, remarks_in, told_decision
from search.formats.fields.retractions import retraction_state
from search.records import guess_language

_NAMES: dict[str, tuple[str, ...]] = {
    "record_id": ("record id",),
    "title": (
        *("title", "article title", "document title", "primary title", "ti", "タイトル"),
        *("論題", "論文名", "論文タイトル", "標題", "題名", "表題", "記事タイトル"),
        *("和文タイトル", "和文標題", "タイトル日本語", "論文標題", "title ja"),
        *("japanese title", "item title", "study title", "official title", "publication"),
        *("scientific title", "public title", "display name", "文献タイトル", "表題和文"),
    ),
    "translated_title": (
        *("translated title", "original title", "title en", "english title"),
        *("英文タイトル", "英文標題", "英語タイトル", "タイトル英語", "タイトル英"),
        *("欧文タイトル", "title2"),
    ),
    "abstract": (
        *("abstract", "ab", "abstract note", "summary", "notes abstract", "抄録", "要旨"),
        *("要約", "アブストラクト", "和文抄録", "抄録日本語", "内容", "abstract ja"),
        *("概要", "brief summary", "abstracttext", "抄録和文", "抄録本文"),
    ),
    "translated_abstract": (
        *("translated abstract", "original abstract", "abstract en", "英文抄録"),
        *("抄録英語", "英語抄録", "英文要旨"),
    ),
    "translated_language": ("translated language",),
    "authors": (
        *("authors", "author", "author names", "author s", "first authors"),
        *("au", "著者", "著者名", "執筆者", "著者名等"),
        *(
            "author list",
            "creator",
            "creators",
            "author full names",
            "author full name",
            "book authors",
        ),
        *("著者名和文", "筆者", "作成者"),
    ),
    # Given name first, as they are spoken.
    "authors_spoken": ("authorships author display name", "authorships raw author name"),
    # Springer glues them together: Ken ItoBun Abe.
    "authors_glued": (),
    "authors_full": ("af",),
    "authors_corporate": ("group authors", "corporate author", "団体著者名"),
    "journal": (
        *("journal", "journal book", "publication title", "source title", "journal name"),
        *("journal title", "secondary title", "so", "収載誌", "収載誌名", "雑誌名", "誌名"),
        *("掲載誌", "掲載誌名", "刊行物名", "資料名", "出典", "雑誌", "publication name"),
        *("container title", "journal book", "primary location source display name"),
        *("host venue display name", "source full title", "収載誌和文", "掲載雑誌名"),
    ),
    "citation": ("source", "citation", "書誌事項", "出典詳細"),
    "place": (
        *("巻号頁", "巻号ページ", "巻号", "巻 号 頁", "巻 号 ページ", "巻号頁数", "掲載巻号頁"),
        *("巻号 ページ", "volume issue pages", "volume issue page", "vol no pages"),
    ),
    "date": (
        *("date", "publication date", "published", "date published", "発行日", "出版日"),
        *("発行年月日", "発行年月", "出版年月", "刊行年月日", "公開日", "cover date"),
        *("publication date online", "start date", "date published online", "date of publication"),
    ),
    "year": (
        *("year", "publication year", "py", "発行年", "出版年", "年", "刊行年", "年次"),
        *("pub year", "published year", "pubyear", "発行年度"),
    ),
    # Web of Science: MAR 5 beside PY, JAN 2021 or JAN beside EY.
    "day_of_year": ("pd",),
    "early_year": ("ey", "early access year"),
    "early_date": ("ea", "early access date"),
    "month": ("month", "published month", "月", "発行月"),
    "day": ("day", "発行日付"),
    "volume": ("volume", "vl", "vol", "巻", "journal volume", "biblio volume", "巻数"),
    "issue": (
        *("issue", "number", "no", "is", "号", "issue number", "journal issue", "biblio issue"),
        *("号数",),
    ),
    "pages": (
        *("pages", "page", "pg", "頁", "ページ", "掲載頁", "掲載ページ", "頁数"),
        *("開始終了頁", "pagination", "page range", "page numbers", "ページ数"),
    ),
    "first_page": (
        *("first page", "page start", "start page", "bp", "開始頁", "開始ページ"),
        *("biblio first page", "beginning page", "はじめのページ"),
    ),
    "article_number": ("art no", "ar", "article number", "article no", "論文番号"),
    "last_page": (
        "last page",
        "page end",
        "end page",
        "ep",
        "終了頁",
        "終了ページ",
        "biblio last page",
        "ending page",
    ),
    "doi": (
        *("doi", "di", "doi link", "デジタルオブジェクト識別子", "item doi", "article doi"),
        *("digital object identifier",),
    ),
    "pmid": (
        "pmid",
        "pubmed id",
        "pm",
        "pubmedid",
        "medline pmid",
        "pubmed",
        "ids pmid",
        "pub med id",
    ),
    "ichushi_id": (
        *("ichushi id", "医中誌id", "医中誌番号", "医中誌文献番号", "文献番号", "ichushi"),
        *("医中誌web id",),
    ),
    "accession": ("ut", "ut unique wos id", "eid", "accession number", "cn", "wos id"),
    "lens": ("lens id",),
    "dimensions": ("publication id",),
    "jdream": ("整理番号", "jglobal id", "j global id"),
    "url": (
        *("url", "link", "リンク", "uri", "article url", "urls", "open url link"),
        *("論文url", "study url", "external url", "article link", "source url", "pdf link"),
        *("dimensions url", "primary location landing page url", "fulltext url"),
    ),
    "keywords": (
        *("keywords", "keyword", "author keywords", "index keywords", "mesh terms", "mesh"),
        *("manual tags", "automatic tags", "emtree medical index terms"),
        *("emtree drug index terms", "de", "キーワード", "シソーラス", "シソーラス用語"),
        *(
            "統制語",
            "統制語句",
            "索引語",
            "件名",
            "mesh headings",
            "準シソーラス用語",
            "ieee terms",
        ),
        *("keywords plus", "conditions", "interventions", "keywords author"),
        *("fields of study", "mesh descriptors", "cab descriptors", "index terms"),
    ),
    "publication_types": (
        *("publication types", "publication type", "document type", "item type"),
        *("論文種類", "文献種別", "資料種別", "記事種別", "論文種別", "dt", "content type"),
        *("document types", "study type"),
    ),
    "language": (
        *("language", "language of original document", "la", "言語", "本文言語"),
        *("使用言語", "original language"),
    ),
    "issn": ("issn", "sn", "print issn", "eissn", "issns", "ei", "issn l"),
    "trial_ids": (
        *("trial ids", "clinical trial numbers", "trial registration", "臨床試験登録番号"),
        *("nct number", "trialid", "main id"),
    ),
    "retraction": ("retraction", "撤回"),
    "extra": ("extra", "notes", "備考"),
    "abstract_language": ("abstract language",),
    "note": ("collection note", "my notes", "reviewer notes"),
    "tags": ("collection tags", "labels", "tags"),
    "notices": ("notices",),
    "headings": ("headings",),
    "to_complete": ("to complete",),
    "pmcid": ("pmcid", "pmc id", "pmc"),
    "decision": ("screening decision",),
    "decision_stage": ("screening stage",),
    "decision_reason": ("screening reason", "exclusion reason", "reason for exclusion"),
    "decision_reviewers": ("screening reviewers",),
    # As ASReview, data sets of reviews, EPPI-Reviewer and Covidence call it.
    "label": (
        *("label included", "asreview label", "included", "label", "final included", "include"),
        *("included label", "included final", "included flag", "i e d s flag", "final decision"),
    ),
}
TARGETS = tuple(_NAMES)
# Together only in our own tables. Others call their running number record_id.
_OURS = {"record_id", "translated_language", "ichushi_id", "notices"}
# Columns that mean something else, or names written otherwise, in the tables of one database,
# known by some of its columns.
_OF_DATABASE: tuple[tuple[set[str], dict[str, str]], ...] = (
    ({"pt", "au", "ti", "so"}, {"id": "keywords", "ca": "authors_corporate", "de": "keywords"}),
    ({"lens id"}, {"author s": "authors_spoken"}),
    ({"ieee terms"}, {"authors": "authors_spoken"}),
    ({"item title", "item doi"}, {"authors": "authors_glued", "publication title": "journal"}),
    ({"nct number"}, {"acronym": "", "sponsor": ""}),
    (
        {"publication id", "pubyear"},
        {"authors": "authors", "publication type": "publication_types"},
    ),
)
_ALIASES = {name: target for target, names in _NAMES.items() for name in names}
_EMBASE_SOURCE = re.compile(
    r"(?P<journal>.+?) \((?P<year>\d{4})\)(?: (?P<volume>[^\s:()]+)(?::(?P<issue>[^\s()]+))?)?"
    r"(?: \((?P<pages>[^()]+)\))?\."
)
_PUBLISHED = re.compile(r"Date of Publication: ([^.;]+)")
_FORMULA = re.compile(r"'+[=+\-@＝＋－＠\t\r\n]")
_GLUED = re.compile(r"(?<=[a-zà-ÿ])(?<!Mc)(?<!Mac)(?<!De)(?<!Di)(?<!La)(?<!Le)(?<!Van)(?=[A-ZÀ-Þ])")


def targets_of(header: Sequence[str], mapping: Mapping[str, str] | None = None) -> list[str]:
    """For each column what it holds, one of :data:`TARGETS` or nothing. Names in ``mapping`` win;
    of two columns with the same meaning both are read, the first that isn't empty is taken."""
    chosen = {_folded(column): target for column, target in (mapping or {}).items()}
    keys = [_folded(column) for column in header]
    own = next((names for marks, names in _OF_DATABASE if marks <= set(keys)), {})
    return [chosen.get(key) or own.get(key, _ALIASES.get(key, "")) for key in keys]


def is_header(targets: Sequence[str]) -> bool:
    """Whether columns that mean this make records: a title or an abstract, and something else."""
    return bool({"title", "abstract"} & set(targets)) and sum(map(bool, targets)) > 1


def _folded(name: str) -> str:
    text = unicodedata.normalize("NFKC", name).casefold().lstrip("\ufeff")
    return " ".join(re.sub(r"[\W_]+", " ", text).split())


def record_fields(targets: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    """The data of a record from the cells of one row."""
    row: dict[str, str] = {}
    words: list[str] = []
    headings: list[dict[str, Any]] = []
    ours = set(targets) >= _OURS
    for target, cell in zip(targets, cells, strict=False):
        text = cell.strip()
        if not target or not text:
            continue
        if ours and _FORMULA.match(text):
            text = text[1:]
        if "&" in text and not ours:
            text = decoded(text)
        if target == "keywords":
            words += words_in(text)
        elif target == "headings":
            headings += [h for word in text.split(";") for h in nlm_headings(word.strip())]
        elif text[0] not in BEGINS_NOTHING or something(text):
            row.setdefault(target, text)
    if not ours:
        headings, words = split_headings(words)
    _read_citation(row)
    authors = _authors(row)
    types = words_in(row.get("publication_types", ""))
    texts = _texts(row)
    url = row.get("url", "")
    doi = clean_doi(row.get("doi", "")) or clean_doi(url)
    pmid = row.get("pmid", "").removesuffix(".0").rpartition("/")[2].removeprefix("MEDLINE:")
    pmid = pmid if pmid.isdecimal() else pmid_in([url, row.get("extra", "")])
    title, record_id = texts["title"], row.get("record_id", "")
    notices = [notice_of(text) for text in row.get("notices", "").split(SEPARATOR) if text]
    return {
        **texts,
        "id": record_id if ours or not record_id.isdecimal() else "",
        "authors": authors,
        "journal": row.get("journal", ""),
        "date": _date(row),
        "volume": row.get("volume", ""),
        "issue": row.get("issue", ""),
        "pages": pages_of(row.get("pages", ""))
        or page_range(*(number_of(row.get(name, "")) for name in ("first_page", "last_page")))
        or row.get("article_number", ""),
        "doi": doi,
        "pmid": pmid,
        "ichushi_id": row.get("ichushi_id", "") or ichushi_id_in([url]),
        "url": url,
        "headings": headings,
        "keywords": words,
        "pmcid": row.get("pmcid", ""),
        "to_complete": bool(row.get("to_complete")),
        "publication_types": types,
        "issn": issn_in([row.get("issn", "")]),
        "trial_ids": words_in(row.get("trial_ids", "")),
        "notices": notices,
        "retraction": row.get("retraction", "") or retraction_state(title, types),
    }


def accession_of(targets: Sequence[str], cells: Sequence[str]) -> tuple[str, str]:
    """The database whose number a row carries, and the number; empty without one."""
    row = {target: cell.strip() for target, cell in zip(targets, cells, strict=False) if target}
    accession = row.get("accession", "")
    source, separator, number = accession.partition(":")
    if separator and source.isalpha():
        return source, number
    known = accession_in([accession, row.get("url", "")])
    if known[0]:
        return known
    own = ((name, row[name]) for name in ("lens", "dimensions", "jdream") if row.get(name))
    trial = trial_id_of(row.get("trial_ids", ""))
    return next(own, ("trial", trial) if trial else ("", ""))


def remarks_of(targets: Sequence[str], cells: Sequence[str]) -> Remarks:
    """The note, the tags and the decisions that a row has in columns of their own."""
    row: dict[str, str] = {}
    for target, cell in zip(targets, cells, strict=False):
        if target and cell.strip():
            row.setdefault(target, cell.strip())
    lines = [row.get("note", "")]
    if decision := row.get("decision"):
        reason = f"; reason: {row['decision_reason']}" if row.get("decision_reason") else ""
        lines.append(f"Decision: {decision}; stage: {row.get('decision_stage', '')}{reason}")
        lines += [
            f"Reviewer: {told}" for told in row.get("decision_reviewers", "").split("; ") if told
        ]
    found = remarks_in(lines, row.get("tags", "").split(";"))
    if found.decisions or decision:
        return found
    told = told_decision(row.get("label", ""), reason=row.get("decision_reason", ""))
    return replace(found, decisions=(told,)) if told else found


def _date(row: Mapping[str, str]) -> str:
    """The fullest date of the year of publication."""
    year, month = row.get("year", ""), row.get("month", "")
    dated = row.get("date", "")
    dates = [
        excel_date(dated) or date_of(dated),
        date_from_parts(year, month, row.get("day", ""))
        if month
        else date_of(year) or excel_date(year),
        date_of(f"{year} {row['day_of_year']}") if "day_of_year" in row else "",
        date_of(f"{row.get('early_year', '')} {row.get('early_date', '')}"),
    ]
    published = dates[1][:4] or next(filter(None, dates), "")[:4]
    return max((date for date in dates if date.startswith(published)), key=len)


def _authors(row: Mapping[str, str]) -> list[dict[str, str]]:
    groups = [{"family": g, "given": ""} for g in words_in(row.get("authors_corporate", ""))]
    if spoken := row.get("authors_spoken"):
        return people_in(spoken, as_spoken=True) + groups
    if glued := row.get("authors_glued"):
        return people(_GLUED.split(glued), as_spoken=True) + groups
    cell = row.get("authors_full", "") or row.get("authors", "")
    names = literal_list(cell)
    return (people_in(cell) if names is None else people(names)) + groups


def _read_citation(row: dict[str, str]) -> None:
    """What a citation or a combined column says and no other: Embase's ``Source`` (``Cancer (2004)
    102:4 (253-258). Date of Publication: 25 Aug 2004``), PubMed's ``Citation``, 巻号頁."""
    citation = row.pop("citation", "")
    if found := _EMBASE_SOURCE.match(citation):
        for name, value in found.groupdict().items():
            if value:
                row.setdefault(name, value)
        if published := _PUBLISHED.search(citation):
            row.setdefault("date", published.group(1))
    elif citation:
        for name, value in place_in(citation).items():
            row.setdefault(name, value)
        dated = citation.partition(". ")[2].partition(";")[0]
        if "date" not in row and date_of(dated):
            row["date"] = dated
    for name, value in place_in(row.pop("place", "")).items():
        row.setdefault(name, value)


def _texts(row: Mapping[str, str]) -> dict[str, Any]:
    title, abstract = row.get("title", ""), row.get("abstract", "")
    other = row.get("translated_title", ""), row.get("translated_abstract", "")
    language = language_of(row.get("language", "").split(";")[0], title or abstract)
    texts = {language: (title, abstract)}
    if any(other) and (other[0] != title or (other[1] and other[1] != abstract)):
        code = row.get("translated_language", "") or guess_language(" ".join(other))
        code = code if code != language else "und"
        if row.get("abstract_language") == code and not other[1]:
            # The only abstract is that of the translation.
            texts[language], other = (title, ""), (other[0], abstract)
        texts[code] = other
    return side_by_side(language, texts)
