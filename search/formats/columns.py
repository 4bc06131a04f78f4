"""What a table's columns mean: their names in Japanese and English, and the cells' contents.

The names are those of 医中誌Web, CiNii, J-STAGE, PubMed, Embase, Scopus, Web of Science, Zotero and
ASReview; ours are the field names of :class:`search.records.Record`.
"""

import ast
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from search.formats.dates import date_from_parts, date_of
from search.formats.dois import clean_doi
from search.formats.identifiers import accession_in, ichushi_id_in, issn_in, pmid_in
from search.formats.identity import record_id
from search.formats.languages import language_of, side_by_side
from search.formats.markup import plain_text, present
from search.formats.names import author
from search.formats.notices import SEPARATOR, notice_of
from search.formats.pages import page_range
from search.formats.retractions import retraction_state
from search.records import guess_language

_NAMES: dict[str, tuple[str, ...]] = {
    "record_id": ("record id",),
    "title": (
        *("title", "article title", "document title", "primary title", "ti", "タイトル"),
        *("論題", "論文名", "論文タイトル", "標題", "題名", "表題", "記事タイトル"),
        *("和文タイトル", "和文標題", "タイトル日本語", "論文標題", "title ja"),
        *("japanese title",),
    ),
    "translated_title": (
        *("translated title", "original title", "title en", "english title"),
        *("英文タイトル", "英文標題", "英語タイトル", "タイトル英語", "タイトル英"),
        *("欧文タイトル", "title2"),
    ),
    "abstract": (
        *("abstract", "ab", "abstract note", "summary", "notes abstract", "抄録", "要旨"),
        *("要約", "アブストラクト", "和文抄録", "抄録日本語", "内容", "abstract ja"),
        *("概要",),
    ),
    "translated_abstract": (
        *("translated abstract", "original abstract", "abstract en", "英文抄録"),
        *("抄録英語", "英語抄録", "英文要旨"),
    ),
    "translated_language": ("translated language",),
    "authors": (
        *("authors", "author", "author names", "author s", "first authors"),
        *("author full names", "au", "af", "著者", "著者名", "執筆者", "著者名等"),
        *("author list", "creator", "creators"),
    ),
    "journal": (
        *("journal", "journal book", "publication title", "source title", "journal name"),
        *("journal title", "secondary title", "so", "収載誌", "収載誌名", "雑誌名", "誌名"),
        *("掲載誌", "掲載誌名", "刊行物名", "資料名", "出典", "雑誌", "publication name"),
        *("container title",),
    ),
    "citation": ("source",),
    "date": (
        *("date", "publication date", "published", "date published", "発行日", "出版日"),
        *("発行年月日", "発行年月", "出版年月", "刊行年月日", "公開日", "cover date", "pd"),
    ),
    "year": (
        *("year", "publication year", "py", "発行年", "出版年", "年", "刊行年", "年次"),
        *("pub year", "published year"),
    ),
    "month": ("month", "published month", "月", "発行月"),
    "day": ("day", "発行日付"),
    "volume": ("volume", "vl", "vol", "巻"),
    "issue": ("issue", "number", "no", "is", "号", "issue number"),
    "pages": (
        *("pages", "page", "pg", "頁", "ページ", "掲載頁", "掲載ページ", "頁数"),
        *("開始終了頁", "pagination"),
    ),
    "first_page": (
        *("first page", "page start", "start page", "bp", "開始頁", "開始ページ"),
        *("art no",),
    ),
    "last_page": ("last page", "page end", "end page", "ep", "終了頁", "終了ページ"),
    "doi": ("doi", "di", "doi link", "デジタルオブジェクト識別子"),
    "pmid": ("pmid", "pubmed id", "pm", "pubmedid", "medline pmid", "pubmed"),
    "ichushi_id": (
        *("ichushi id", "医中誌id", "医中誌番号", "医中誌文献番号", "文献番号", "ichushi"),
        *("医中誌web id",),
    ),
    "accession": ("ut", "ut unique wos id", "eid", "accession number", "cn"),
    "url": (
        *("url", "link", "リンク", "uri", "article url", "urls", "open url link"),
        *("論文url",),
    ),
    "keywords": (
        *("keywords", "keyword", "author keywords", "index keywords", "mesh terms", "mesh"),
        *("manual tags", "automatic tags", "emtree medical index terms"),
        *("emtree drug index terms", "de", "キーワード", "シソーラス", "シソーラス用語"),
        *("統制語", "統制語句", "索引語", "件名", "mesh headings"),
    ),
    "publication_types": (
        *("publication types", "publication type", "document type", "item type"),
        *("論文種類", "文献種別", "資料種別", "記事種別", "論文種別", "dt"),
    ),
    "language": (
        *("language", "language of original document", "la", "言語", "本文言語"),
        *("使用言語", "original language"),
    ),
    "issn": ("issn", "sn", "print issn", "eissn"),
    "trial_ids": ("trial ids", "clinical trial numbers", "trial registration", "臨床試験登録番号"),
    "retraction": ("retraction", "撤回"),
    "extra": ("extra", "notes", "備考"),
    "notices": ("notices",),
}
TARGETS = tuple(_NAMES)
_ALIASES = {name: target for target, names in _NAMES.items() for name in names}
_EMBASE_SOURCE = re.compile(
    r"(?P<journal>.+?) \((?P<year>\d{4})\)(?: (?P<volume>[^\s:()]+)(?::(?P<issue>[^\s()]+))?)?"
    r"(?: \((?P<pages>[^()]+)\))?\."
)
_PUBLISHED = re.compile(r"Date of Publication: ([^.;]+)")
_PARTS = re.compile(r"[;；|\n]")
_FORMULA = re.compile(r"'+[=+\-@＝＋－＠\t\r\n]")


def targets_of(header: Sequence[str], mapping: Mapping[str, str] | None = None) -> list[str]:
    """For each column what it holds, one of :data:`TARGETS` or nothing. Names in ``mapping`` win;
    of two columns with the same meaning both are read, the first that isn't empty is taken."""
    chosen = {_folded(column): target for column, target in (mapping or {}).items()}
    return [chosen.get(key) or _ALIASES.get(key, "") for key in map(_folded, header)]


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
    ours = "record_id" in targets
    for target, cell in zip(targets, cells, strict=False):
        text = cell.strip()
        if ours and _FORMULA.match(text):
            text = text[1:]
        if target == "keywords":
            words += _listed(text)
        elif target and text:
            row.setdefault(target, text)
    _read_citation(row)
    authors = _authors(row.get("authors", ""))
    types = _listed(row.get("publication_types", ""))
    texts = _texts(row)
    date = date_of(row.get("date", ""))
    year, month = row.get("year", ""), row.get("month", "")
    year = date_from_parts(year, month, row.get("day", "")) if month else date_of(year)
    date = date if date.startswith(year[:4]) and len(date) >= len(year) else year
    url = row.get("url", "")
    doi = clean_doi(row.get("doi", "")) or clean_doi(url)
    pmid = row.get("pmid", "").removesuffix(".0")
    pmid = pmid if pmid.isdecimal() else pmid_in([url, row.get("extra", "")])
    ichushi_id = row.get("ichushi_id", "") or ichushi_id_in([url])
    source, accession = _accession(row.get("accession", ""), url)
    title = texts["title"]
    notices = [notice_of(text) for text in row.get("notices", "").split(SEPARATOR) if text]
    return {
        **texts,
        "id": row.get("record_id", "")
        or record_id(
            pmid=pmid,
            ichushi_id=ichushi_id,
            doi=doi,
            source=source,
            accession=accession,
            title=title or texts["abstract"],
            year=date[:4],
            author=authors[0]["family"] if authors else "",
        ),
        "authors": authors,
        "journal": row.get("journal", ""),
        "date": date,
        "volume": row.get("volume", ""),
        "issue": row.get("issue", ""),
        "pages": page_range(row.get("pages", ""))
        or page_range(row.get("first_page", ""), row.get("last_page", "")),
        "doi": doi,
        "pmid": pmid,
        "ichushi_id": ichushi_id,
        "url": url,
        "keywords": list(dict.fromkeys(words)),
        "publication_types": types,
        "issn": issn_in([row.get("issn", "")]),
        "trial_ids": _listed(row.get("trial_ids", "")),
        "notices": notices,
        "retraction": row.get("retraction", "") or retraction_state(title, types),
    }


def _read_citation(row: dict[str, str]) -> None:
    """Embase's ``Source``: ``Cancer (2004) 102:4 (253-258). Date of Publication: 25 Aug 2004``."""
    citation = row.pop("citation", "")
    found = _EMBASE_SOURCE.match(citation)
    if not found:
        return
    for name, value in found.groupdict().items():
        if value:
            row.setdefault(name, value)
    if published := _PUBLISHED.search(citation):
        row.setdefault("date", published.group(1))


def _texts(row: Mapping[str, str]) -> dict[str, Any]:
    title, abstract = plain_text(row.get("title", "")), _abstract(row.get("abstract", ""))
    other = (
        plain_text(row.get("translated_title", "")),
        _abstract(row.get("translated_abstract", "")),
    )
    language = language_of(row.get("language", "").split(";")[0], title or abstract)
    texts = {language: (title, abstract)}
    if any(other) and (other[0] != title or (other[1] and other[1] != abstract)):
        code = row.get("translated_language", "") or guess_language(" ".join(other))
        texts[code if code != language else "und"] = (other[0], other[1])
    return side_by_side(language, texts)


def _abstract(cell: str) -> str:
    return present(plain_text(cell))


def _accession(accession: str, url: str) -> tuple[str, str]:
    source, separator, number = accession.partition(":")
    if separator and source.isalpha():
        return source, number
    return accession_in([accession, url])


def _literal_list(cell: str) -> list[str] | None:
    """The texts of a cell that holds a Python list, as pandas writes it."""
    if not cell.startswith(("['", '["')) or not cell.endswith("]"):
        return None
    try:
        values = ast.literal_eval(cell)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    return [str(value) for value in values] if isinstance(values, list) else None


def _listed(cell: str) -> list[str]:
    words = _literal_list(cell)
    if words is None:
        parted = _PARTS.search(cell)
        words = _PARTS.split(cell) if parted else _at_commas(cell.replace("，", ","))
        words = words if parted or len(words) > 1 else cell.split("、")
    return [w for word in words if (w := word.strip().strip("*"))]


def _at_commas(cell: str) -> list[str]:
    """The parts of a cell between commas, but for those in parentheses."""
    parts, depth = [""], 0
    for piece in re.split(r"([,()])", cell):
        depth = max(0, depth + (piece == "(") - (piece == ")"))
        if piece == "," and not depth:
            parts.append("")
        else:
            parts[-1] += piece
    return parts


def _authors(cell: str) -> list[dict[str, str]]:
    names = _literal_list(cell)
    if names is None:
        names = _PARTS.split(cell)
    if len(names) == 1:
        # Rayyan writes "and", which an organisation may have in its name too.
        joined = names[0].split(" and ")
        several = len(joined) > 1 and all(author(name)["given"] for name in joined)
        names = joined if several else _between_commas(names[0])
    return [author(name) for name in names if name.strip(" ,")]


def _between_commas(names: str) -> list[str]:
    """Several names in one cell without semicolons (``Liu R., Adler D.G.``), or one name."""
    if guess_language(names) == "ja":
        parts = [part.strip() for part in re.split(r"[,，、/／]", names)]
        one = len(parts) == 2 and all(len(part) <= 3 and " " not in part for part in parts)
        return [names] if one else parts
    parts = [part.strip() for part in names.split(",") if part.strip()]
    if len(parts) == 2 and not all(author(part)["given"] for part in parts):
        return [names]
    return parts
