"""The names that PubMed writes into its search line where a box beside the results is ticked.

Each is a publication type, a heading, a language or a limit, under a name without blanks
(``randomizedcontrolledtrial[Filter]``). A name that means nothing here is refused: it would find
nothing, and that would look like a finding.
"""

from collections.abc import Mapping

from search.exact.expression import Field

_TYPES = (
    "Address; Autobiography; Bibliography; Biography; Case Reports; Classical Article; "
    "Clinical Conference; Clinical Study; Clinical Trial; Clinical Trial Protocol; "
    "Clinical Trial, Phase I; Clinical Trial, Phase II; Clinical Trial, Phase III; "
    "Clinical Trial, Phase IV; Clinical Trial, Veterinary; Comment; Comparative Study; Congress; "
    "Consensus Development Conference; Controlled Clinical Trial; Dataset; Dictionary; Directory; "
    "Editorial; English Abstract; Equivalence Trial; Evaluation Study; Expression of Concern; "
    "Festschrift; Government Publication; Guideline; Historical Article; Interview; "
    "Introductory Journal Article; Journal Article; Lecture; Legal Case; Legislation; Letter; "
    "Meta-Analysis; Multicenter Study; News; Newspaper Article; Observational Study; "
    "Observational Study, Veterinary; Patient Education Handout; Periodical Index; "
    "Personal Narrative; Portrait; Practice Guideline; Pragmatic Clinical Trial; Preprint; "
    "Published Erratum; Randomized Controlled Trial; Randomized Controlled Trial, Veterinary; "
    "Retraction of Publication; Review; Scientific Integrity Review; Scoping Review; "
    "Systematic Review; Technical Report; Twin Study; Validation Study; Video-Audio Media; Webcast"
)
_HEADINGS: Mapping[str, str] = {
    "humans": "Humans",
    "human": "Humans",
    "animal": "Animals",
    "animals": "Animals",
    "otheranimals": "Animals",
    "female": "Female",
    "male": "Male",
    "newborn": "Infant, Newborn",
    "infant": "Infant",
    "preschoolchild": "Child, Preschool",
    "child": "Child",
    "adolescent": "Adolescent",
    "youngadult": "Young Adult",
    "adult": "Adult",
    "middleaged": "Middle Aged",
    "aged": "Aged",
    "80andover": "Aged, 80 and over",
}
# Several ages at once.
_AGES: Mapping[str, tuple[str, ...]] = {
    "allchild": ("Infant", "Infant, Newborn", "Child", "Child, Preschool", "Adolescent"),
    "allinfant": ("Infant", "Infant, Newborn"),
    "alladult": ("Adult", "Young Adult", "Middle Aged", "Aged", "Aged, 80 and over"),
    "middleagedaged": ("Middle Aged", "Aged"),
}

# What a name means: a field, and the values of which it takes any.
FILTERS: dict[str, tuple[Field, tuple[str, ...]]] = {
    **{
        "".join(c for c in name.lower() if c.isalnum()): ("publication-type", (name,))
        for name in _TYPES.split("; ")
    },
    **{key: ("heading-alone", (name,)) for key, name in _HEADINGS.items()},
    **{key: ("heading-alone", names) for key, names in _AGES.items()},
}
HAS_ABSTRACT = frozenset(("hasabstract", "fha"))
# Full text, dates relative to today, subsets of PubMed: records do not carry them.
_UNKNOWN = frozenset(
    (
        *("ffrft", "fft", "freefulltext", "fulltext", "pubmedpmc", "data", "associateddata"),
        *("medline", "pubmednotmedline", "inprocess", "publisher", "excludepreprints"),
        *("nursing", "dental", "dentaljournals", "coreclinical"),
    )
)


def filter_key(text: str) -> str:
    """A name as it is looked up: without blanks and signs."""
    return "".join(c for c in text.lower() if c.isalnum())


def means_nothing(text: str) -> bool:
    """Whether a name is one of PubMed's that has no meaning here, or made like those and unknown: a
    single word in Latin letters."""
    key = filter_key(text)
    if key in FILTERS or key in HAS_ABSTRACT:
        return False
    return key in _UNKNOWN or (text.isascii() and not any(c.isspace() for c in text.strip()))
