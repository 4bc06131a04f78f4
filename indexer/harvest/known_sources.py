"""Every source that can be harvested: how it is opened, and what its terms ask of who uses it."""

from collections.abc import Callable
from dataclasses import dataclass

from indexer.harvest import (
    cinii_opensearch,
    clinical_trials_api,
    crossref_rest,
    europe_pmc_rest,
    eutilities,
    jstage_webapi,
    openalex_api,
)
from indexer.harvest.network import Network, SourceName
from indexer.harvest.pace import Clock
from indexer.harvest.source import Source


@dataclass(frozen=True)
class KnownSource:
    """A source: what it is called, where it is, what a query of it looks like, what is sent beside
    the query, and what its terms ask."""

    name: SourceName
    title: str
    base: str
    opened: Callable[[Network, Clock], Source]
    query: str
    sent: str
    terms: str


KNOWN: dict[SourceName, KnownSource] = {
    known.name: known
    for known in (
        KnownSource(
            "pubmed",
            "PubMed",
            eutilities.BASE,
            eutilities.PubMed,
            "as in PubMed's search box: heart failure[majr] AND jpn[la]",
            "the contact address, the name jmedsearch, the key if there is one",
            "3 requests a second, 10 with a key; more than 100 requests at weekends or 21:00-05:00 "
            "US Eastern time",
        ),
        KnownSource(
            "europe-pmc",
            "Europe PMC",
            europe_pmc_rest.BASE,
            europe_pmc_rest.EuropePMC,
            'as in Europe PMC\'s search box: TITLE:"heart failure" AND SRC:PPR',
            "the contact address",
            "5 requests a second at most",
        ),
        KnownSource(
            "crossref",
            "Crossref",
            crossref_rest.BASE,
            crossref_rest.Crossref,
            "words, or parameters of the API: "
            "query.bibliographic=heart failure&filter=issn:1346-9843",
            "the contact address, the Metadata Plus token if there is one",
            "2 lists a second at most, in the pool for those who give a contact address",
        ),
        KnownSource(
            "openalex",
            "OpenAlex",
            openalex_api.BASE,
            openalex_api.OpenAlex,
            "words, or parameters of the API: search=heart failure&filter=language:ja",
            "the contact address, the key",
            "a key, which is free; each request uses up some of what it may ask in a day; what has "
            "changed is told to some plans alone (others: update --whole)",
        ),
        KnownSource(
            "clinical-trials",
            "ClinicalTrials.gov",
            clinical_trials_api.BASE,
            clinical_trials_api.ClinicalTrials,
            "words, or parameters of the API: query.cond=heart failure&query.locn=Japan",
            "the contact address, in the User-Agent",
            "about 50 requests a minute",
        ),
        KnownSource(
            "cinii",
            "CiNii Research",
            cinii_opensearch.BASE,
            cinii_opensearch.CiNii,
            "words, or parameters of the OpenSearch: title=心不全&from=2015",
            "the application id (appid) of the institution, the contact address in the User-Agent",
            "an application id of NII; no mass copying, which NII hands out otherwise; abstracts "
            "with a licence flag stay here",
        ),
        KnownSource(
            "jstage",
            "J-STAGE",
            jstage_webapi.BASE,
            jstage_webapi.JStage,
            "words, or parameters of the WebAPI: article=心不全&pubyearfrom=2015",
            "the contact address, in the User-Agent",
            "companies apply to JST first; J-STAGE is to be named; at most 1 000 records an answer",
        ),
    )
}


def open_source(name: SourceName, network: Network, clock: Clock | None = None) -> Source:
    """A source, ready to be asked.

    Raises:
        NetworkError: when the institution does not allow it.
        HarvestError: when it needs a key and there is none.
    """
    return KNOWN[name].opened(network, clock or Clock())
