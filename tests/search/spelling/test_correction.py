"""もしかして: what was mistyped is answered by a term of the library, offered and not applied."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from indexer.run.pipeline import build
from search.library.generation import Generation
from search.library.library import Library
from search.spelling.correction import Corrector, Offer
from search.spelling.known_terms import KnownTerms

RECORDS = [
    {"id": "1", "title": "心筋梗塞の治療", "abstract": "心筋梗塞、糖尿病、高血圧の患者。"},
    {"id": "2", "title": "心筋梗塞", "abstract": "肺炎とアスピリン。肝臓癌。"},
    {"id": "3", "title": "褥瘡", "abstract": "帯状疱疹、パーキンソン病、アルツハイマー。"},
    {"id": "4", "title": "誤嚥性肺炎の予防", "abstract": "感冒、観念、関節炎。肺癌の検診。"},
    {
        "id": "5",
        "title": "Aspirin after infarction",
        "abstract": "Aspirin for diabetes and asthma. Statins. Body mass.",
        "keywords": ["Myocardial Infarction", "Hypertension"],
    },
]

Ask = Callable[[str], list[tuple[str, str, str]]]


@pytest.fixture(scope="module")
def generation(tmp_path_factory: pytest.TempPathFactory, published_layout: Path) -> Generation:
    folder = tmp_path_factory.mktemp("correction")
    source = folder / "records.jsonl"
    source.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in RECORDS))
    build([source], folder / "library", model=str(published_layout), device="cpu")
    return Library(folder / "library").generation()


@pytest.fixture(scope="module")
def corrector() -> Corrector:
    return Corrector()


@pytest.fixture
def ask(corrector: Corrector, generation: Generation) -> Ask:
    def offered(query: str) -> list[tuple[str, str, str]]:
        return [(o.written, o.offered, o.kind) for o in corrector.offers(generation, query)]

    return offered


@pytest.mark.parametrize(
    "written",
    [
        "しんきんこうそく",
        "シンキンコウソク",
        "ｼﾝｷﾝｺｳｿｸ",
        "sinkinkousoku",
        "shinkinkousoku",
        "shinkinkosoku",
        "Shinkinkōsoku",
        "心筋硬塞",
        "心筋こうそく",
    ],
)
def test_the_same_reading(corrector: Corrector, generation: Generation, written: str) -> None:
    assert corrector.offers(generation, written) == (
        Offer(written, "心筋梗塞", "心筋梗塞", "reading", 2),
    )


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("じょくそう", ("じょくそう", "褥瘡", "reading")),
        ("はいえん", ("はいえん", "肺炎", "reading")),
        ("対状疱疹", ("対状疱疹", "帯状疱疹", "reading")),
        ("誤燕性肺炎", ("誤燕性肺炎", "誤嚥性肺炎", "reading")),
        ("kannen", ("kannen", "観念", "reading")),
        ("かんぼう", ("かんぼう", "感冒", "reading")),
        ("tounyoubyou", ("tounyoubyou", "糖尿病", "reading")),
        ("頭尿病", ("頭尿病", "糖尿病", "spelling")),
        ("高血厚", ("高血厚", "高血圧", "spelling")),
        ("パーキンソソ病", ("パーキンソソ病", "パーキンソン病", "spelling")),
        ("パーキソン病", ("パーキソン病", "パーキンソン病", "spelling")),
        ("パーキンソンン病の治療", ("パーキンソンン病", "パーキンソン病", "spelling")),
        ("アスピリソ", ("アスピリソ", "アスピリン", "spelling")),
        ("しんぎんこうそく", ("しんぎんこうそく", "心筋梗塞", "spelling")),
        ("asprin", ("asprin", "Aspirin", "spelling")),
        ("diabetis", ("diabetis", "diabetes", "spelling")),
        ("hypertenssion", ("hypertenssion", "Hypertension", "spelling")),
        ("myocardial infraction", ("myocardial infraction", "Myocardial Infarction", "spelling")),
        ("shinkin kousoku", ("shinkin kousoku", "心筋梗塞", "reading")),
    ],
)
def test_an_offer(ask: Ask, query: str, expected: tuple[str, str, str]) -> None:
    assert ask(query)[0] == expected


@given(st.sampled_from(["aspirin", "statins", "infarction"]), st.data())
@settings(max_examples=50, deadline=None)
def test_nothing_within_the_distance_is_missed(
    generation: Generation, term: str, data: st.DataObject
) -> None:
    known = KnownTerms(generation)
    word = term
    for _ in range(2):
        at = data.draw(st.integers(0, len(word) - 1))
        put = data.draw(st.sampled_from(["", "x", word[at] * 2]))
        word = word[:at] + put + word[at + 1 :]
    distance = OSA.distance(word, term)
    assert {t.text.lower(): d for t, d in known.near_spelling(word, 2)}[term] == distance


def test_only_the_word_concerned_is_replaced(corrector: Corrector, generation: Generation) -> None:
    def queries(query: str) -> list[str]:
        return [o.query for o in corrector.offers(generation, query)]

    assert queries("ｱｽﾋﾟﾘﾝ  と心筋硬塞の予後") == ["ｱｽﾋﾟﾘﾝ  と心筋梗塞の予後"]
    assert queries("糖尿病 asprin 治療") == ["糖尿病 Aspirin 治療"]
    # Two words: the first one's offer first, each in its own query.
    assert queries("しんきんこうそくとはいえん") == ["心筋梗塞とはいえん", "しんきんこうそくと肺炎"]
    assert queries("急性心筋硬塞") == ["急性心筋梗塞"]


@pytest.mark.parametrize(
    "query",
    [
        "心筋梗塞",
        "心筋梗塞の治療",
        "糖尿病 高血圧",
        "肺がん",  # another way to write 肺癌: understood without an offer
        "aspirin",
        "糖尿病に[MASK]",  # no slip for mass
        "statin",  # Statins: a plural is no slip
        "膵臓癌",  # another organ than 肝臓癌, not a slip
        "大腸癌の検診",
        "衆議院の解散総選挙",
        "asdfghjkl",
        "りめくたよほせ",
        "the of with",
        "bass",  # a word of English, which no record has: no slip for mass
        "12345",
        "!?",
        "",
        "観",
        "ga",
    ],
)
def test_quiet(ask: Ask, query: str) -> None:
    assert ask(query) == []


def test_a_pasted_text_is_not_proof_read(ask: Ask) -> None:
    assert ask("未知語です。" * 2000) == []


TEXT = st.text(
    st.sampled_from("しんきんこうそく心筋梗塞硬糖尿病の。 ｱｲｶﾞASPIRNaspirn-'ーﾟ🩺"), max_size=30
)


@settings(max_examples=150, deadline=None)
@given(TEXT)
def test_what_is_offered_occurs(corrector: Corrector, generation: Generation, query: str) -> None:
    offers = corrector.offers(generation, query)
    assert len(offers) <= 3
    written = ["\n".join([r.title, r.abstract, *r.keywords]) for _, r in generation.all_records()]
    for offer in offers:
        assert offer.query in {
            query[:i] + offer.offered + query[i + len(offer.written) :]
            for i in range(len(query))
            if query.startswith(offer.written, i)
        }
        assert 0 < offer.records == sum(offer.offered in text for text in written)
    assert offers == corrector.offers(generation, query)
