"""医中誌Web's text downloads: with tags (``TI- …``) or with names of the fields (``Title：…``).

Both give one field a line, the source as one text: journal, ISSN, volume and issue, pages, month.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any, BinaryIO

from search.formats.fields.dates import date_of
from search.formats.fields.dois import clean_doi
from search.formats.fields.identifiers import ichushi_id_in, issn_in
from search.formats.fields.keywords import words_in
from search.formats.fields.languages import language_of, side_by_side
from search.formats.fields.names import people, people_in
from search.formats.fields.page_ranges import page_range
from search.formats.fields.places import place_in
from search.formats.fields.retractions import retraction_state
from search.formats.syntax.lines import head_text
from search.formats.syntax.read_items import Item, Rejected, record_or_rejected
from search.formats.syntax.tagged import TaggedRecord, paragraphs, tagged_records, unwrapped
from search.records import guess_language

_NAMED: dict[str, tuple[str, ...]] = {
    "number": ("UI", "ID", "文献番号", "医中誌文献番号", "医中誌ID", "文献ID", "Pre番号"),
    "title": ("TI", "TJ", "タイトル", "標題", "論文標題", "和文標題", "Title"),
    "translated": ("TE", "TT", "ET", "英文標題", "英文タイトル", "English Title"),
    "authors": ("AU", "著者", "著者名", "Author", "Authors"),
    "workplace": ("AD", "CN", "著者所属", "所属", "所属機関"),
    "source": ("SO", "収載誌", "収載誌名", "収載誌情報", "出典", "Source"),
    "journal": ("JN", "JT", "雑誌名", "誌名"),
    "issn": ("IS", "ISSN"),
    "volume": ("VI", "VL", "VO", "巻"),
    "issue": ("IP", "NO", "号"),
    "pages": ("PG", "頁", "ページ"),
    "date": ("DP", "PD", "YR", "PY", "発行年月", "発行年", "発行日"),
    "types": ("PT", "RN", "論文種類", "記事区分", "研究デザイン"),
    "language": ("LA", "言語", "本文言語"),
    "words": ("MH", "KW", "SU", "シソーラス用語", "統制語", "フリーキーワード", "キーワード"),
    "other": ("SH", "CK", "CT", "副標目", "チェックタグ", "医薬品名", "医薬用語", "所蔵", "分類"),
    "abstract": ("AB", "抄録", "Abstract"),
    "doi": ("DO", "DOI"),
    "url": ("UR", "URL", "リンク"),
}  # fmt: skip
_OF_NAME = {name: field for field, names in _NAMED.items() for name in names}
_TAGS = "|".join(sorted(map(re.escape, _OF_NAME), key=len, reverse=True))
_TAG = re.compile(
    rf"(?:【(?={_TAGS}))?(<(?=\d{{1,7}}>\s*$)|{_TAGS})(?:】|\s{{0,2}}-(?=[ \t]|$)|\s?[：:]|(?<=<))"
    r"[ \t\u3000]?(.*)",
    re.DOTALL,
)
_ID = r"(?:(?:19|20)\d{8}|[A-Z]{1,2}[0-9A-Z]{8,9})"
_BEGIN = re.compile(
    rf"^(?:UI|ID|医?中?誌?文献番号|医中誌ID|文献ID|Pre番号)(?:\s{{0,2}}-|\s?[：:])\s*{_ID}\s*$",
    re.MULTILINE,
)
_SOURCE = re.compile(
    r"^(?:SO|収載誌\S{0,3}|出典|Source)(?: {0,2}- |\s?[：:]).{0,200}[巻号]", re.MULTILINE
)
_TITLED = re.compile(
    rf"^【?(?:{'|'.join(_NAMED['title'])})(?:】| {{0,2}}- |\s?[：:])", re.MULTILINE
)
_JAPANESE = re.compile(r"[\u3041-\u30ff\u4e00-\u9fff]")
# The title and, where the work is in another language, that: Gout in youth(英語).
_IN_LANGUAGE = re.compile(r"[(（]([^()（）]{1,8}語)[)）]$")
# After the title in downloads with names: …の1例(原著論文/症例報告).
_KIND = re.compile(
    r"[(（]((?:原著論文|会議録|解説|総説|図説|座談会|レター|症例報告|一般|Q&A|講義|コメント)[^()（）]{0,60})[)）]$"
)
_ISSN = re.compile(r"\s*[(（]\d{4}-?\d{3}[\dXx][)）]")
_PLACE = re.compile(r"(?:第?\s*[0-9A-Z]+巻|\d+号|増刊|特別|臨増|Page|\bp\.|\d{4}\.\d)")
_MONTH = re.compile(r"[(（]([12]\d{3}[.．/年]?(?:\d{1,2})?)[^()（）]{0,5}[)）]\s*$")


def recognises(head: bytes) -> bool:
    """A title under one of these tags, with a number of 医中誌 or a source in 巻 and 号."""
    text = head_text(head).replace("\r\n", "\n")
    if "VN  - Ovid" in text or not _JAPANESE.search(text):
        # Numbers of Embase look the same.
        return False
    return bool(_TITLED.search(text) and (_BEGIN.search(text) or _SOURCE.search(text)))


def read(stream: BinaryIO) -> Iterator[Item]:
    """Records of the stream; one that can't be taken is a :class:`Rejected` with its line."""
    numbers, titles = frozenset(_NAMED["number"]), frozenset(_NAMED["title"])
    for item in tagged_records(
        stream, _TAG, opens=frozenset({"<"}) | numbers, once=titles, blank_closes=False
    ):
        place = f"line {item.line}"
        if item.fault:
            yield Rejected(place, item.fault)
        elif any(name != "<" for name, _ in item.fields):
            yield record_or_rejected(place, _fields(item))


def _fields(item: TaggedRecord) -> dict[str, Any]:
    def first(field: str) -> str:
        return item.first(*_NAMED[field])

    title = unwrapped(first("title"))
    named = first("language")
    types = [kind for value in item.all(*_NAMED["types"]) for kind in re.split("[/／;；\n]", value)]
    for _ in range(2):
        if found := _IN_LANGUAGE.search(title):
            title, named = title[: found.start()].strip(), named or found.group(1)
        if found := _KIND.search(title):
            title = title[: found.start()].strip()
            types = types or re.split("[/／]", found.group(1))
    abstract = paragraphs(first("abstract"))
    language = language_of(named, title or abstract)
    texts = {language: (title, abstract)}
    other = unwrapped(first("translated"))
    if other and other != title:
        code = guess_language(other)
        texts[code if code != language else "und"] = (other, "")
    cited = _cited(unwrapped(first("source")))
    values = item.all(*_NAMED["authors"])
    names = [name for value in values for name in value.split("\n") if name.strip()]
    number = unicodedata.normalize("NFKC", first("number")).strip()
    words = [word for value in item.all(*_NAMED["words"]) for word in words_in(value)]
    return {
        **side_by_side(language, texts),
        "authors": people_in(names[0]) if len(names) == 1 else people(names),
        "journal": unwrapped(first("journal")) or cited["journal"],
        "date": date_of(first("date")) or cited["date"],
        "volume": first("volume") or cited["volume"],
        "issue": first("issue") or cited["issue"],
        "pages": page_range(first("pages")) or cited["pages"],
        "issn": issn_in([first("issn"), unwrapped(first("source"))]),
        "doi": clean_doi(first("doi")),
        "ichushi_id": number if re.fullmatch(_ID, number) else ichushi_id_in([first("url")]),
        "url": first("url").split("\n")[0],
        "keywords": [word.split("/")[0].strip("*＊ ") for word in words],
        "publication_types": [kind.strip() for kind in types if kind.strip()],
        "retraction": retraction_state(title, types),
    }


def _cited(source: str) -> dict[str, str]:
    """The parts of ``架空内科(1234-5679)12巻3号 Page45-50(2019.03)``."""
    parts = {"journal": "", "date": "", "volume": "", "issue": "", "pages": ""}
    source = unicodedata.normalize("NFKC", source[:500])
    if found := _MONTH.search(source):
        parts["date"], source = date_of(found.group(1)), source[: found.start()].strip()
    issn = _ISSN.search(source)
    begin = issn or _PLACE.search(source)
    parts["journal"] = source[: begin.start()].strip(" ,、;") if begin else source
    parts |= place_in(source[issn.end() if issn else begin.start() :]) if begin else {}
    return parts
