"""MEDLINE text: PubMed's .nbib, PubMed Central's MEDLARS."""

import io

from search.formats import Item, medline
from search.records import Author, Notice, Record, Translation

NBIB = """
PMID- 90000001
OWN - NLM
IS  - 1234-5678 (Electronic)
IS  - 2234-5678 (Linking)
VI  - 50
IP  - 3
DP  - 1998 Dec-1999 Jan
TI  - [A case of pneumonia
      in an old person].
PG  - 697-704
LID - 10.9999/abc.1 [doi]
AB  - We treated it
      well.
OAB - Publisher: Abstract available from the publisher.
OABL- jpn
FAU - Yamada, Taro
AU  - Yamada T
CN  - Kaku Group
LA  - jpn
PT  - Journal Article
PT  - Retracted Publication
SI  - ClinicalTrials.gov/NCT01234567
SI  - GENBANK/AB123456
RIN - J Fict. 2020 Jan;1(1):1. PMID: 90000009
EIN - J Fict. 2019 Jan;1(1):2
TT  - 肺炎の一例.
JT  - Journal of fiction
MH  - *Pneumonia/therapy/mortality
MH  - Pneumonia/prevention & control
OT  - IL-6

PMID- 90000002
TI  - Another.
AU  - Ito J
"""


def read(text: str) -> list[Item]:
    return list(medline.read(io.BytesIO(text.encode())))


def test_fields() -> None:
    first, second = read(NBIB)
    assert first == Record(
        id="pmid:90000001",
        title="肺炎の一例.",
        language="ja",
        translations=(
            Translation("en", "A case of pneumonia in an old person.", "We treated it well."),
        ),
        authors=(Author("Yamada", "Taro"), Author("Kaku Group")),
        journal="Journal of fiction",
        date="1998-12",
        volume="50",
        issue="3",
        pages="697-704",
        doi="10.9999/abc.1",
        pmid="90000001",
        issn="1234-5678",
        keywords=("Pneumonia", "IL-6"),
        publication_types=("Journal Article", "Retracted Publication"),
        retraction="retracted",
        trial_ids=("NCT01234567",),
        notices=(
            Notice("Retraction", "J Fict. 2020 Jan;1(1):1.", "90000009"),
            Notice("Erratum", "J Fict. 2019 Jan;1(1):2"),
        ),
    )
    assert second == Record(
        id="pmid:90000002", pmid="90000002", title="Another.", language="en",
        authors=(Author("Ito", "J"),),
    )  # fmt: skip


def test_a_title_in_another_language_beside_an_english_one_is_kept() -> None:
    (record,) = read("PMID- 1\nTI  - On clots.\nTT  - Einfluss der Thromben.\nLA  - eng\n")
    assert isinstance(record, Record)
    assert record.translations == (Translation("und", "Einfluss der Thromben."),)


def test_an_untranslated_english_title_of_a_japanese_article_is_english() -> None:
    (record,) = read("PMID- 1\nTI  - On clots.\nLA  - jpn\n")
    assert isinstance(record, Record)
    assert (record.language, record.title) == ("en", "On clots.")


def test_pubmed_central_puts_its_own_number_first() -> None:
    text = "\nPMC - PMC9000001\nPMID- 1\nTI  - A.\n\nPMC - PMC9000002\nTI  - B.\nDEP - 20180330\n"
    first, second = read(text)
    assert isinstance(first, Record)
    assert isinstance(second, Record)
    assert (first.id, second.id, second.date) == ("pmid:1", "pmc:PMC9000002", "2018-03-30")


def test_records_part_without_an_empty_line() -> None:
    assert [
        r.title for r in read("PMID- 1\nTI  - A.\nPMID- 2\nTI  - B.\n") if isinstance(r, Record)
    ] == ["A.", "B."]
