"""Records for the round trips: fictional, and as awkward as formats find them."""

from hypothesis import strategies as st

from search.records import Record, record_from_dict

LATIN = (
    "Pneumonia", "IL-6", "p < 0.05", "50%", "R&D", "{curly}", "a_b", "x^2", "~5 mg",
    "C:\\dir", '"quoted"', "l'été", "-- dash", "''twice''", "``tick", "ER  - no tag",
    "%A no tag", "@article{x,", "=1+1", "$5", "#1", "and", "others", "(n = 3)",
    "[bracket]", "TI: a", "Müller", "https://example.org/?a=b&c=d", "a; b", "?`", "<<",
)  # fmt: skip
JAPANESE = (
    "肺炎の治療", "β遮断薬", "薔薇疹", "「引用」", "（括弧）", "50％", "①", "〜について",
    "ｱｽﾋﾟﾘﾝ", "ER  - 印", "高齢者、", "&",
)  # fmt: skip
FAMILIES = ("山田", "鈴木", "Müller", "van de Schoot", "O'Neil", "Ito", "Band", "Smith & Sons")
GIVEN = ("太郎", "花子", "Osama O", "R. J.", "Jean-Luc", "and")
GROUPS = ("World Health Organization", "架空研究会", "Group of Friends and Others", "Yamada T")
KEYWORDS = ("肺炎", "Aged, 80 and over", "Stroke", "薬物療法/有害作用", "IL-6 (human)", "50%")


def _text(words: tuple[str, ...], first: str) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(words), max_size=6).map(lambda rest: " ".join([first, *rest]))


def _abstract(words: tuple[str, ...], first: str) -> st.SearchStrategy[str]:
    line = _text(words, first).map(lambda text: f"{text}.")
    return st.lists(line, max_size=3).map("\n".join)


@st.composite
def records(draw: st.DrawFn, *, line_breaks: bool = True) -> Record:
    """A record that every writer can carry whole."""
    text = {
        "ja": (_text(JAPANESE, "肺"), _abstract(JAPANESE, "目的")),
        "en": (_text(LATIN, "A"), _abstract(LATIN, "We")),
        "fr": (_text(LATIN, "Une"), _abstract(LATIN, "Nous")),
    }
    own, other = draw(st.sampled_from((("ja", "en"), ("en", "ja"), ("fr", "en"), ("en", "fr"))))
    versions = {
        code: tuple(
            part if line_breaks else part.replace("\n", " ") for part in map(draw, text[code])
        )
        for code in (own, other)
    }
    person = st.fixed_dictionaries(
        {"family": st.sampled_from(FAMILIES), "given": st.sampled_from(GIVEN)}
    ) | st.sampled_from(GROUPS).map(lambda name: {"family": name, "given": ""})
    few = st.sampled_from
    pmid = draw(few(("", "30776994")))
    state, notice = draw(
        few(
            (
                ("", None),
                ("retracted", None),
                ("expression of concern", None),
                ("retracted", {"kind": "Retraction", "reference": "J. 2020;1:2.", "pmid": "1234"}),
                ("corrected", {"kind": "Erratum", "reference": "J. 2021;4(5):6", "pmid": ""}),
            )
        )
    )
    return record_from_dict(
        {
            "id": draw(
                few((f"pmid:{pmid}", "hash:0123456789abcdef", "embase:L123", "T 0001", "X:/1_2"))
            )
            if pmid
            else "doi:10.9999/a.(1)",
            "language": own,
            "title": versions[own][0],
            "abstract": versions[own][1],
            "translations": [
                {"language": other, "title": versions[other][0], "abstract": versions[other][1]}
            ]
            if draw(st.booleans())
            else [],
            "authors": draw(st.lists(person, max_size=3)),
            "journal": draw(few(("", "架空内科", "Journal of R&D: Part_1"))),
            "date": draw(few(("", "2019", "2019-03", "2019-03-05"))),
            "volume": draw(few(("", "12", "S1"))),
            "issue": draw(few(("", "3", "Suppl 1"))),
            "pages": draw(few(("", "283-298", "e0815", "S12-S15", "1051.e13-1051.e17", "12"))),
            "doi": draw(few(("", "10.9999/A.(1)", "10.9999/x_y#1"))),
            "pmid": pmid,
            "ichushi_id": draw(few(("", "2020123456"))),
            "url": draw(few(("", "https://example.org/a?b=c&d=%41~x_y"))),
            "keywords": draw(st.lists(few(KEYWORDS), unique=True, max_size=3)),
            "publication_types": draw(
                st.lists(few(("Journal Article", "原著論文", "Research, Basic")), unique=True)
            ),
            "issn": draw(few(("", "1234-567X"))),
            "trial_ids": draw(
                st.lists(few(("NCT01234567", "UMIN000012345", "jRCT1031200001")), unique=True)
            ),
            "retraction": state,
            "notices": [notice] if notice else [],
        }
    )
