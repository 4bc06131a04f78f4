"""What a hit says of its record in a word: kind of study, language, whether all may read it."""

import re

from search.records import Record

# Publication types of MEDLINE that say nothing of how a study was done.
_NOT_DESIGNS = re.compile(
    r"journal article|research support|english abstract|retracted publication|published erratum"
    r"|expression of concern|retraction of publication|patient education|historical article",
    re.IGNORECASE,
)
_MOST_DESIGNS = 2
# Journals of these prefixes, and preprints of these servers, can be read by all without exception.
# https://doi.org/10.1371/ PLOS, 10.1186/ BioMed Central, 10.3389/ Frontiers, 10.3390/ MDPI,
# 10.7554/ eLife, 10.7717/ PeerJ, 10.2196/ JMIR, 10.12688/ F1000Research, 10.51094/ Jxiv,
# 10.21203/ Research Square, 10.1101/20… bioRxiv and medRxiv.
_FREE_DOI = re.compile(
    r"10\.(1371|1186|3389|3390|7554|7717|2196|12688|51094|21203)/|10\.1101/(19|20)\d\d\.",
)
_FREE_ADDRESS = re.compile(
    r"https?://(pmc\.ncbi\.nlm\.nih\.gov|www\.ncbi\.nlm\.nih\.gov/pmc|europepmc\.org/articles/PMC"
    r"|(www\.)?(biorxiv|medrxiv)\.org|arxiv\.org|jxiv\.jst\.go\.jp)(/|$|\d)",
)


def designs(record: Record) -> tuple[str, ...]:
    """The publication types that say how a study was done, at most two, as the record has them."""
    telling = [kind for kind in record.publication_types if not _NOT_DESIGNS.match(kind)]
    # A database that names the design names "Review" or "Clinical Trial" beside it.
    precise = [
        kind
        for kind in telling
        if not any(kind != other and kind.lower() in other.lower() for other in telling)
    ]
    return tuple(precise[:_MOST_DESIGNS])


def languages(record: Record) -> tuple[str, ...]:
    """The languages in which the record has a title or an abstract, its own first."""
    return tuple(
        dict.fromkeys(
            v.language for v in record.versions() if v.language and (v.title or v.abstract)
        )
    )


def is_free(record: Record) -> bool:
    """Whether the record's own address or DOI leads to a text that all may read.

    No says nothing: most records do not tell.
    """
    return bool(_FREE_DOI.match(record.doi) or _FREE_ADDRESS.match(record.url))
