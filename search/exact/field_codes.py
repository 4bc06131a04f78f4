"""The field codes of PubMed and 医中誌Web, and the field of ours that each one names."""

from difflib import get_close_matches
from typing import Literal

from search.exact.expression import Field

# Codes whose meaning needs more than a field.
Special = Literal["date", "filter", "unsupported"]

_PUBMED: dict[Field | Special, str] = {
    "all": "all; all fields",
    "text": "tw; text; text word; text words",
    "title-abstract": "tiab; title/abstract",
    "title": "ti; title; tt; transliterated title",
    "abstract": "ab; abstract",
    "heading": "mh; mesh; mesh terms; nm; substance name; supplementary concept",
    "heading-alone": "mh:noexp; mesh:noexp; mesh terms:noexp",
    "major": "majr; mesh major topic",
    "major-alone": "majr:noexp; mesh major topic:noexp",
    "keyword": "ot; other term; other terms; kw; keyword",
    "subheading": "sh; mesh subheading; subheading",
    "author": "au; author; fau; full author name; cn; author - corporate; author - full",
    "first-author": "1au; author - first; first author; first author name",
    "last-author": "lastau; author - last; last author; last author name",
    "journal": "ta; jour; journal; journal title abbreviation",
    "publication-type": "pt; ptyp; publication type",
    "language": "la; lang; language",
    "identifier": "id; aid; article identifier; si; secondary source id; lid; location id",
    "pmid": "pmid; uid",
    "doi": "doi",
    "issn": "is; issn",
    "date": "dp; pdat; date - publication; publication date; ppdat; epdat",
    "filter": "filter; sb; subset",
    "unsupported": (
        "ad; affiliation; gr; grant number; ir; investigator; vi; volume; ip; issue; pg; "
        "pagination; pl; place of publication; pubn; publisher; rn; ec/rn number; edat; "
        "date - entry; crdt; date - create; mhda; date - mesh; lr; isbn; book; ed; editor; jid; "
        "nlm unique id; auid; cois; ps; personal name as subject; pa; pharmacological action"
    ),
}
PUBMED: dict[str, Field | Special] = {
    tag: field for field, tags in _PUBMED.items() for tag in tags.split("; ")
}
ICHUSHI: dict[str, Field | Special] = {
    "AL": "all",
    "TI": "title",
    "AB": "abstract",
    "TA": "title-abstract",
    "TH": "heading",
    "MTH": "major",
    "KW": "keyword",
    "CK": "heading-alone",
    "SH": "subheading",
    "AU": "author",
    "FAU": "first-author",
    "LAU": "last-author",
    "JN": "journal",
    "PT": "publication-type",
    "RD": "publication-type",
    "LA": "language",
    "IS": "issn",
    "ID": "identifier",
    "DOI": "doi",
    "DT": "date",
    "PDAT": "date",
    "IN": "unsupported",
    "PB": "unsupported",
    "SP": "unsupported",
    "FT": "unsupported",
    "SB": "unsupported",
}
# Headings that are exploded; where they are not, that is said.
HEADINGS = frozenset(("mh", "mesh", "mesh terms", "TH"))
# What major headings are without a thesaurus: headings. And 医中誌Web's in brackets, [x]/TH, which
# stand without what lies under them.
NOT_MAJOR: dict[Field | Special, Field] = {"major": "heading", "major-alone": "heading-alone"}
ALONE: dict[Field | Special, Field] = {"heading": "heading-alone", "major": "major-alone"}


def nearest_code(code: str, known: dict[str, Field | Special]) -> str | None:
    """The supported code that looks most like one that is not known."""
    supported = [c for c, field in known.items() if field != "unsupported"]
    folded = {c.casefold(): c for c in supported}
    found = get_close_matches(code.casefold(), folded, n=1, cutoff=0.5)
    return folded[found[0]] if found else None
