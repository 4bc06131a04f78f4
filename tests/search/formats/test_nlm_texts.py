"""One article through PubMed XML and through MEDLINE text: the same languages, side by side."""

import io
from collections.abc import Sequence

import pytest

from search.formats import medline, pubmed_xml
from search.records import Record

Sides = list[tuple[str, str, str]]

ENGLISH, JAPANESE, GERMAN = "We treated gout.", "痛風を治療した。", "Wir behandelten Gicht."
CASES: dict[str, tuple[Sequence[str], str, str, str, list[tuple[str, str]], Sides]] = {
    "Japanese, all in both languages": (
        *(["jpn"], "[A case of gout].", "痛風の一例", ENGLISH, [("jpn", JAPANESE)]),
        [("ja", "痛風の一例", JAPANESE), ("en", "A case of gout.", ENGLISH)],
    ),
    "the publisher left the brackets out": (
        *(["jpn"], "A case of gout.", "痛風の一例", ENGLISH, []),
        [("ja", "痛風の一例", ""), ("en", "A case of gout.", ENGLISH)],
    ),
    "no original title": (
        *(["jpn"], "[A case of gout].", "", ENGLISH, []),
        [("en", "A case of gout.", ENGLISH)],
    ),
    "original title in Latin letters": (
        *(["jpn"], "[A case of gout].", "Tsufu no ichirei", ENGLISH, []),
        [("ja", "Tsufu no ichirei", ""), ("en", "A case of gout.", ENGLISH)],
    ),
    "German": (
        *(["ger"], "[A case of gout].", "Ein Fall von Gicht.", ENGLISH, [("ger", GERMAN)]),
        [("de", "Ein Fall von Gicht.", GERMAN), ("en", "A case of gout.", ENGLISH)],
    ),
    "no English title": (
        *(["ger"], "[Not Available].", "Ein Fall von Gicht.", ENGLISH, []),
        [("de", "Ein Fall von Gicht.", ""), ("en", "", ENGLISH)],
    ),
    "the same title twice": (
        *(["ger"], "Ein Fall von Gicht.", "Ein Fall von Gicht.", ENGLISH, [("ger", GERMAN)]),
        [("de", "Ein Fall von Gicht.", GERMAN), ("en", "", ENGLISH)],
    ),
    "an article in two languages": (
        *(["eng", "jpn"], "A case of gout.", "痛風の一例", ENGLISH, []),
        [("en", "A case of gout.", ENGLISH), ("ja", "痛風の一例", "")],
    ),
    "English with a title in an unknown language": (
        *(["eng"], "A case of gout.", "Ein Fall von Gicht.", ENGLISH, []),
        [("en", "A case of gout.", ENGLISH), ("und", "Ein Fall von Gicht.", "")],
    ),
    "English with abstracts in two more": (
        *(["eng"], "A case of gout.", "", ENGLISH, [("jpn", JAPANESE), ("ger", GERMAN)]),
        [("en", "A case of gout.", ENGLISH), ("ja", "", JAPANESE), ("de", "", GERMAN)],
    ),
    "an abstract that may not be shown": (
        *(["eng"], "A case of gout.", "", "", [("jpn", "Abstract available from the publisher.")]),
        [("en", "A case of gout.", "")],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_both_formats_give_the_same_languages(name: str) -> None:
    languages, title, original, abstract, others, expected = CASES[name]
    xml = (
        "<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>1</PMID><Article>"
        f"<ArticleTitle>{title}</ArticleTitle>"
        f"<Abstract><AbstractText>{abstract}</AbstractText></Abstract>"
        + "".join(f"<Language>{language}</Language>" for language in languages)
        + f"<VernacularTitle>{original}</VernacularTitle></Article>"
        + "".join(
            f'<OtherAbstract Type="Publisher" Language="{language}">'
            f"<AbstractText>{text}</AbstractText></OtherAbstract>"
            for language, text in others
        )
        + "</MedlineCitation></PubmedArticle></PubmedArticleSet>"
    )
    lines = ["PMID- 1", f"TI  - {title}", f"AB  - {abstract}"]
    for language, text in others:
        lines += [f"OAB - Publisher: {text}", f"OABL- {language}"]
    lines += [*(f"LA  - {language}" for language in languages), f"TT  - {original}"]
    assert sides(*pubmed_xml.read(io.BytesIO(xml.encode()))) == expected
    assert sides(*medline.read(io.BytesIO("\n".join(lines).encode()))) == expected


def sides(record: object) -> Sides:
    assert isinstance(record, Record)
    return [(v.language, v.title, v.abstract) for v in record.versions()]
