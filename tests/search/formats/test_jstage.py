"""J-STAGE WebAPI: titles and names in two languages, what is no article."""

import io
from pathlib import Path

from search.formats.jstage import read, recognises
from search.formats.syntax.read_items import Rejected
from search.records import Author, Record, Translation

SAMPLE = Path(__file__).parent / "samples" / "jstage.xml"


def test_every_field_of_an_entry() -> None:
    record = next(read(io.BytesIO(SAMPLE.read_bytes())))
    assert record == Record(
        id="doi:10.9999/kakuu.10_1",
        title="黄色い指とニンジン",
        language="ja",
        translations=(Translation("en", "Yellow fingers & Daucus"),),
        # Two people of the same name are two people.
        authors=(Author("佐藤", "誠"), Author("佐藤", "誠")),
        journal="架空医学雑誌",
        date="2019",
        volume="10",
        issue="1",
        pages="12-15",
        doi="10.9999/kakuu.10_1",
        url="https://www.jstage.jst.go.jp/article/kakuu/10/1/10_1/_article/-char/ja/",
        issn="0000-0035",
    )


def test_an_english_article_has_no_translation_and_its_path_as_id() -> None:
    record = list(read(io.BytesIO(SAMPLE.read_bytes())))[1]
    assert isinstance(record, Record)
    assert record.id == "jstage:kakuu/10/2/10_9"
    assert (record.language, record.title, record.translations) == ("en", "Green toes", ())
    assert record.authors == (Author("Doe", "Jane Mary"),)
    assert record.journal == "Journal of Imaginary Medicine"


def test_a_retracted_article() -> None:
    record = list(read(io.BytesIO(SAMPLE.read_bytes())))[2]
    assert isinstance(record, Record)
    assert record.retraction == "retracted"


def test_an_issue_is_no_literature() -> None:
    xml = (
        "<feed><entry><vols_title><ja>Vol. 1</ja></vols_title><title>Vol. 1</title></entry></feed>"
    )
    assert recognises(xml.encode())
    (item,) = read(io.BytesIO(xml.encode()))
    assert isinstance(item, Rejected)
    assert "service=3" in item.reason


def test_an_error_is_told_in_the_words_of_jstage() -> None:
    xml = "<feed><result><status>ERR_001</status><message>検索結果0件</message></result></feed>"
    assert list(read(io.BytesIO(xml.encode()))) == [
        Rejected("result 1", "J-STAGE answered with ERR_001: 検索結果0件")
    ]


def test_other_feeds_are_not_recognised() -> None:
    assert recognises(SAMPLE.read_bytes())
    assert not recognises(b"<feed xmlns='http://www.w3.org/2005/Atom'><entry/></feed>")
