"""Identifiers that sources hide in addresses and notes."""

import re
from collections.abc import Iterable

_PUBMED_URL = re.compile(r"(?:pubmed\.ncbi\.nlm\.nih\.gov|ncbi\.nlm\.nih\.gov/pubmed)/(\d{1,8})\b")
_PMID = re.compile(r"\b(?:PMID|PUBMED)\s{0,3}[:：]?\s{0,3}(\d{1,8})(?!\d)", re.IGNORECASE)
_ICHUSHI_URL = re.compile(
    r"search\.jamas\.or\.jp/(?:link/ui|index\.php\S{0,100}?ui)[/=]([0-9A-Z]{8,12})\b"
)
_CINII_URL = re.compile(r"cir\.nii\.ac\.jp/crid/(\d{10,25})")
_SCOPUS_EID = re.compile(r"\b(2-s2\.0-\d{8,12})")
_CENTRAL = re.compile(r"\b(CN-\d{8})\b")
_ISSN = re.compile(r"(?<![\dA-Za-z])(\d{4})-?(\d{3}[\dXx])(?![\dA-Za-z])")
# Banks of secondary ids name sequence and data archives too; these are the registers of trials.
_REGISTERS = re.compile(
    r"clinicaltrials|ictrp|isrctn|eudract|ctis|ctri|chictr|jprn|umin|jrct|japic|jmacct|anzctr|"
    r"actrn|drks|irct|ntr|pactr|rebec|rpcec|slctr|tctr|kct|cris|lbctr|itmctr|repec",
    re.IGNORECASE,
)
_TRIAL = re.compile(
    r"(?:NCT|ISRCTN|JPRN-|UMIN|jRCT|ChiCTR|EUCTR|CTRI/|ACTRN|DRKS|IRCT|KCT|PACTR|RBR-|TCTR)"
    r"[-/\w]{4,40}$"
)
_OURS = re.compile(r"[a-z]{2,20}:\S{1,180}$")


def pmid_in(texts: Iterable[str]) -> str:
    """The first PMID in addresses of PubMed and in phrases such as ``PMID: 30776994``."""
    return _first(texts, _PUBMED_URL, _PMID)


def ichushi_id_in(texts: Iterable[str]) -> str:
    """The first 医中誌 number in addresses of 医中誌Web."""
    return _first(texts, _ICHUSHI_URL)


def accession_in(texts: Iterable[str]) -> tuple[str, str]:
    """Source and number of the first CiNii, Scopus or CENTRAL accession; empty without any."""
    texts = list(texts)
    for source, pattern in (
        ("cinii", _CINII_URL),
        ("scopus", _SCOPUS_EID),
        ("central", _CENTRAL),
    ):
        if found := _first(texts, pattern):
            return source, found
    return "", ""


def issn_in(texts: Iterable[str]) -> str:
    """The first ISSN, as ``0000-0000``; ISBNs are none."""
    for text in texts:
        if found := _ISSN.search(text[:200]):
            return f"{found.group(1)}-{found.group(2).upper()}"
    return ""


def is_trial_register(name: str) -> bool:
    """Whether a bank of secondary ids (``ClinicalTrials.gov``, ``JPRN``) registers trials."""
    return bool(_REGISTERS.match(name))


def trial_id_of(name: str) -> str:
    """``name`` where it is the number of a registered trial (``NCT01234567``), else nothing."""
    name = name.strip(" ,.;")
    return name if _TRIAL.match(name) and any(c.isdigit() for c in name) else ""


def own_id(text: str) -> str:
    """``text`` where it is a record's id as we write it (``pmid:30776994``), else nothing: other
    programs put running numbers and citation keys in the same place."""
    return text if _OURS.match(text) and "//" not in text else ""


def _first(texts: Iterable[str], *patterns: re.Pattern[str]) -> str:
    texts = list(texts)
    for pattern in patterns:
        for text in texts:
            if found := pattern.search(text):
                return found.group(1)
    return ""
