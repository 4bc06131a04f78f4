"""What each source answers, as its documentation has it: pages, dates, numbers, errors.

Written from the published descriptions (the modules in indexer/harvest name them), not from the
services: what those do otherwise is not known here.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from xml.sax.saxutils import escape

from tests.indexer.harvest.works import Shelf, Work

# Status, content.
Answer = tuple[int, bytes]
Asked = Mapping[str, str]
LISTED_AT_MOST = 9_999
_ISO = r"(\d{4}-\d\d-\d\d)"


class RefusedError(Exception):
    """A question that the source refuses with a status."""

    def __init__(self, status: int, content: str) -> None:
        super().__init__(content)
        self.status = status
        self.content = content


def _json(value: Any) -> Answer:
    return 200, json.dumps(value).encode()


def esearch(shelf: Shelf, asked: Asked) -> Answer:
    """E-utilities: no more than 9 999 numbers of a search."""
    _need(asked, "tool", "email")
    if numbers := re.findall(r"(\d+)\[uid\]", asked["term"]):
        found = [work for work in shelf.there() if work.pmid in numbers]
    else:
        found = shelf.answering()
    if "mindate" in asked:
        first, last = (
            date.fromisoformat(asked[n].replace("/", "-")) for n in ("mindate", "maxdate")
        )
        kind = {"edat": "created", "mdat": "changed"}[asked["datetype"]]
        found = [work for work in found if first <= getattr(work, kind) <= last]
    most = min(int(asked.get("retmax", 20)), LISTED_AT_MOST)
    return _json(
        {
            "header": {"type": "esearch", "version": "0.3"},
            "esearchresult": {
                "count": str(len(found)),
                "retmax": str(most),
                "retstart": "0",
                # The newest first, as PubMed lists them.
                "idlist": [work.pmid for work in reversed(found)][:most],
                "querytranslation": f'"{asked["term"]}"[All Fields]',
            },
        }
    )


def efetch(shelf: Shelf, asked: Asked) -> Answer:
    _need(asked, "tool", "email")
    by_pmid = {work.pmid: work for work in shelf.there()}
    numbers = asked["id"].split(",")
    if not any(number.isdecimal() for number in numbers):
        raise RefusedError(400, "<eFetchResult><ERROR>ID list is empty!</ERROR></eFetchResult>")
    found = [_pubmed_article(by_pmid[n]) for n in numbers if n in by_pmid]
    xml = (
        '<?xml version="1.0" ?>\n<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, '
        '1st January 2019//EN" "https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_190101.dtd">\n'
        f"<PubmedArticleSet>{''.join(found)}</PubmedArticleSet>"
    )
    return 200, xml.encode()


def _pubmed_article(work: Work) -> str:
    abstract = f"<Abstract><AbstractText>{work.text}</AbstractText></Abstract>" if work.text else ""
    return (
        f'<PubmedArticle><MedlineCitation Status="MEDLINE"><PMID Version="1">{work.pmid}</PMID>'
        "<Article><Journal><JournalIssue><PubDate>"
        f"<Year>{work.year}</Year></PubDate></JournalIssue><Title>Journal of Nothing</Title>"
        f"</Journal><ArticleTitle>{escape(work.title)}</ArticleTitle>{abstract}"
        "<AuthorList><Author><LastName>Nemo</LastName><ForeName>Ada</ForeName></Author>"
        "</AuthorList><Language>eng</Language></Article></MedlineCitation><PubmedData>"
        f'<ArticleIdList><ArticleId IdType="pubmed">{work.pmid}</ArticleId>'
        f'<ArticleId IdType="doi">{work.doi}</ArticleId></ArticleIdList></PubmedData>'
        "</PubmedArticle>"
    )


def europe_pmc_search(shelf: Shelf, asked: Asked) -> Answer:
    query = asked["query"]
    if numbers := re.findall(r"EXT_ID:\"?(\d+)", query):
        found = [work for work in shelf.there() if work.pmid in numbers]
    elif dois := re.findall(r'DOI:"([^"]+)"', query):
        found = [work for work in shelf.there() if work.doi in dois]
    else:
        found = shelf.answering()
    if since := re.search(rf"UPDATE_DATE:\[{_ISO} TO", query):
        day = date.fromisoformat(since[1])
        found = [work for work in found if max(work.created, work.changed) >= day]
    cursor = asked.get("cursorMark", "*")
    start = 0 if cursor == "*" else int(cursor.removeprefix("AoI="))
    size = int(asked.get("pageSize", 25))
    if size > 1000:
        raise RefusedError(400, "pageSize")
    some = found[start : start + size]
    following = f"AoI={start + len(some)}" if some else cursor
    return _json(
        {
            "version": "6.9",
            "hitCount": len(found),
            "nextCursorMark": following,
            "request": {"queryString": query, "resultType": asked["resultType"]},
            "resultList": {"result": [_europe_pmc_result(work) for work in some]},
        }
    )


def _europe_pmc_result(work: Work) -> dict[str, Any]:
    return {
        "id": work.pmid,
        "source": "MED",
        "pmid": work.pmid,
        "doi": work.doi,
        "title": work.title,
        "authorList": {"author": [{"fullName": "Nemo A", "firstName": "Ada", "lastName": "Nemo"}]},
        "journalInfo": {"journal": {"title": "Journal of Nothing"}},
        "pubYear": str(work.year),
        "abstractText": work.text,
        "language": "eng",
    }


def europe_pmc_links(shelf: Shelf, number: str, kind: str, asked: Asked) -> Answer:
    """``/MED/…/references`` and ``/MED/…/citations``."""
    own = next((work for work in shelf.there() if work.pmid == number), None)
    if own is None:
        linked: list[Work] = []
    elif kind == "references":
        linked = [shelf.works[n] for n in own.cites]
    else:
        linked = [work for work in shelf.there() if own.number in work.cites]
    page, size = int(asked.get("page", 1)), int(asked.get("pageSize", 25))
    some = linked[(page - 1) * size : page * size]
    listed = [{"id": work.pmid, "source": "MED", "title": work.title} for work in some]
    if kind == "references":
        # One that Europe PMC could not find: it has no number.
        listed = [{**one, "match": "Y"} for one in listed]
        listed += [{"title": "A book that nobody has", "match": "N"}] if own and page == 1 else []
    name = {"references": "reference", "citations": "citation"}[kind]
    return _json({"version": "6.9", "hitCount": len(linked), f"{name}List": {name: listed}})


def crossref_works(shelf: Shelf, asked: Asked, forgotten: set[str]) -> Answer:
    _need(asked, "mailto")
    filters = [part.split(":", 1) for part in asked.get("filter", "").split(",") if part]
    dois = {value.lower() for name, value in filters if name == "doi"}
    found = [work for work in shelf.there() if work.doi in dois] if dois else shelf.answering()
    for name, value in filters:
        if name == "from-index-date":
            found = [work for work in found if work.changed >= date.fromisoformat(value)]
    rows = int(asked.get("rows", 20))
    if rows > 1000:
        raise RefusedError(400, '{"status":"failed"}')
    message: dict[str, Any] = {"total-results": len(found), "items-per-page": rows}
    start = 0
    if cursor := asked.get("cursor"):
        if cursor in forgotten:
            raise RefusedError(404, "Resource not found.")
        start = 0 if cursor == "*" else int(cursor.removeprefix("DnF1"))
        message["next-cursor"] = f"DnF1{min(start + rows, len(found))}"
    message["items"] = [_crossref_work(work) for work in found[start : start + rows]]
    return _json({"status": "ok", "message-type": "work-list", "message": message})


def _crossref_work(work: Work) -> dict[str, Any]:
    abstract = {"abstract": f"<jats:p>{work.text}</jats:p>"} if work.text else {}
    return {
        "DOI": work.doi,
        "type": "journal-article",
        "title": [work.title],
        "author": [{"given": "Ada", "family": "Nemo", "sequence": "first"}],
        "container-title": ["Journal of Nothing"],
        "issued": {"date-parts": [[work.year]]},
        "indexed": {"date-time": f"{work.changed}T00:00:00Z"},
        **abstract,
    }


def openalex_works(shelf: Shelf, asked: Asked) -> Answer:
    if not asked.get("api_key"):
        raise RefusedError(401, '{"error":"Unauthorized","message":"an API key is needed"}')
    found = shelf.answering()
    for name, value in (p.split(":", 1) for p in asked.get("filter", "").split(",") if p):
        values = value.split("|")
        if name == "from_updated_date":
            found = [work for work in found if work.changed >= date.fromisoformat(value)]
        elif name == "doi":
            found = [work for work in shelf.there() if work.doi in values]
        elif name == "pmid":
            found = [work for work in shelf.there() if work.pmid in values]
        elif name == "openalex":
            found = [work for work in shelf.there() if f"W{work.number}" in values]
        elif name == "cites":
            wanted = {int(one.removeprefix("W")) for one in values}
            found = [work for work in shelf.there() if wanted & set(work.cites)]
        if len(values) > 100:
            raise RefusedError(400, '{"error":"too many values"}')
    size = int(asked.get("per_page", 25))
    if size > 100:
        raise RefusedError(400, '{"error":"per_page"}')
    cursor = asked.get("cursor", "*")
    start = 0 if cursor == "*" else int(cursor.removeprefix("Ils"))
    some = found[start : start + size]
    following = f"Ils{start + size}" if some else None
    fields = asked.get("select", "").split(",") if asked.get("select") else None
    results = [_openalex_work(work) for work in some]
    if fields:
        results = [{name: one[name] for name in fields} for one in results]
    meta = {"count": len(found), "per_page": size, "next_cursor": following}
    return _json({"meta": meta, "results": results, "group_by": []})


def _openalex_work(work: Work) -> dict[str, Any]:
    words = work.text.split()
    index = {word: [i for i, other in enumerate(words) if other == word] for word in words}
    return {
        "id": f"https://openalex.org/W{work.number}",
        "doi": f"https://doi.org/{work.doi}",
        "title": work.title,
        "display_name": work.title,
        "ids": {"pmid": f"https://pubmed.ncbi.nlm.nih.gov/{work.pmid}"},
        "publication_year": work.year,
        "language": "en",
        "type": "article",
        "authorships": [{"author": {"display_name": "Ada Nemo"}}],
        "primary_location": {"source": {"display_name": "Journal of Nothing"}},
        "abstract_inverted_index": index or None,
        "referenced_works": [f"https://openalex.org/W{n}" for n in work.cites],
        "updated_date": f"{work.changed}T00:00:00",
    }


def studies(shelf: Shelf, asked: Asked) -> Answer:
    found = shelf.answering()
    if since := re.search(
        rf"AREA\[LastUpdatePostDate\]RANGE\[{_ISO},MAX\]", asked.get("filter.advanced", "")
    ):
        found = [work for work in found if work.changed >= date.fromisoformat(since[1])]
    size = int(asked.get("pageSize", 10))
    if size > 1000:
        raise RefusedError(400, "pageSize")
    token = asked.get("pageToken")
    if token == "":
        raise RefusedError(400, "pageToken is empty")
    start = int(token.removeprefix("NF0g")) if token else 0
    some = found[start : start + size]
    answer: dict[str, Any] = {"studies": [_study(work) for work in some]}
    if asked.get("countTotal") == "true" and not token:
        answer["totalCount"] = len(found)
    if start + size < len(found):
        answer["nextPageToken"] = f"NF0g{start + size}"
    return _json(answer)


def _study(work: Work) -> dict[str, Any]:
    return {
        "protocolSection": {
            "identificationModule": {
                "nctId": f"NCT{work.number:08d}",
                "briefTitle": work.title,
            },
            "statusModule": {
                "startDateStruct": {"date": f"{work.year}-01"},
                "lastUpdatePostDateStruct": {"date": work.changed.isoformat()},
            },
            "descriptionModule": {"briefSummary": work.text},
            "designModule": {"studyType": "INTERVENTIONAL"},
        }
    }


def cinii_articles(shelf: Shelf, asked: Asked) -> Answer:
    """Repeats the question, with its appid."""
    _need(asked, "appid")
    found = sorted(shelf.answering(), key=lambda work: (work.year, work.number))
    if "from" in asked:
        found = [work for work in found if work.year >= int(asked["from"][:4])]
    count, start = min(int(asked.get("count", 20)), 200), int(asked.get("start", 1))
    told = "&".join(f"{name}={value}" for name, value in asked.items())
    return _json(
        {
            "@context": {"@vocab": "http://purl.org/rss/1.0/"},
            "@id": f"https://cir.nii.ac.jp/opensearch/articles?{told}",
            "@type": "channel",
            "opensearch:totalResults": len(found),
            "opensearch:startIndex": start,
            "opensearch:itemsPerPage": count,
            "items": [_cinii_item(work) for work in found[start - 1 : start - 1 + count]],
        }
    )


def _cinii_item(work: Work) -> dict[str, Any]:
    address = f"https://cir.nii.ac.jp/crid/1390{work.number:015d}"
    # Every tenth abstract must not be passed on.
    flag = {} if work.number % 10 else {"abstractLicenseFlag": "disallow"}
    return {
        "@id": address,
        "@type": "item",
        "title": f"架空の疾患{work.number}とその治療" + ("改" * work.revision),
        "link": {"@id": address},
        "dc:creator": ["山田 太郎"],
        "dc:language": "ja",
        "dc:type": "Article",
        "prism:publicationName": "架空医学雑誌",
        "prism:publicationDate": str(work.year),
        "description": work.text,
        **flag,
    }


def jstage(shelf: Shelf, asked: Asked) -> Answer:
    found = shelf.answering()
    if "pubyearfrom" in asked:
        found = [work for work in found if work.year >= int(asked["pubyearfrom"])]
    count, start = int(asked.get("count", 1000)), int(asked.get("start", 1))
    if asked.get("service") != "3" or count > 1000:
        return 200, _feed("<result><status>ERR_012</status><message>count</message></result>")
    if not found:
        message = "<result><status>ERR_001</status><message>no results</message></result>"
        return 200, _feed(message)
    entries = "".join(_jstage_entry(work) for work in found[start - 1 : start - 1 + count])
    return 200, _feed(
        "<result><status>0</status><message/></result><title>Articles</title>"
        f"<servicecd>3</servicecd><opensearch:totalResults>{len(found)}</opensearch:totalResults>"
        f"<opensearch:startIndex>{start}</opensearch:startIndex>{entries}"
    )


def _feed(content: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" '
        'xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/" '
        f'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">{content}</feed>\n'
    ).encode()


def _jstage_entry(work: Work) -> str:
    title = f"架空の疾患{work.number}とその治療" + ("改" * work.revision)
    address = f"https://www.jstage.jst.go.jp/article/kakuu/{work.year}/1/{work.number}/_article"
    return (
        f"<entry><article_title><en/><ja><![CDATA[{title}]]></ja></article_title>"
        f"<article_link><en/><ja>{address}/-char/ja/</ja></article_link>"
        "<author><en/><ja><name><![CDATA[山田 太郎]]></name></ja></author>"
        "<material_title><en/><ja><![CDATA[架空医学雑誌]]></ja></material_title>"
        f"<pubyear>{work.year}</pubyear><title><![CDATA[{title}]]></title></entry>"
    )


def _need(asked: Asked, *names: str) -> None:
    for name in names:
        if not asked.get(name):
            raise RefusedError(400, f"{name} is missing")


Route = Callable[[Shelf, Asked], Answer]
ROUTES: dict[str, Route] = {
    "/entrez/esearch.fcgi": esearch,
    "/entrez/efetch.fcgi": efetch,
    "/europepmc/search": europe_pmc_search,
    "/openalex/works": openalex_works,
    "/clinicaltrials/studies": studies,
    "/cinii/opensearch/articles": cinii_articles,
    "/jstage/searchapi/do": jstage,
}
BASES = {
    "pubmed": "/entrez",
    "europe-pmc": "/europepmc",
    "crossref": "/crossref",
    "openalex": "/openalex",
    "clinical-trials": "/clinicaltrials",
    "cinii": "/cinii",
    "jstage": "/jstage",
}
