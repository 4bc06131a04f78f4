"""もしかして for the terms of an expression: offered, never applied."""

from search.exact.expression import TEXT_FIELDS, terms_of
from search.exact.parser import parse
from search.library.generation import Generation
from search.spelling.correction import Corrector, Offer


def expression_offers(
    corrector: Corrector, generation: Generation, expression: str, limit: int = 3
) -> tuple[Offer, ...]:
    """At most ``limit`` terms for those of an expression that no record contains; the query of
    each offer is the expression with the term in its place.

    Raises:
        ExactSyntaxError: when the expression cannot be read.
    """
    found: list[Offer] = []
    for term in terms_of(parse(expression).tree):
        if term.field not in TEXT_FIELDS or term.truncated:
            continue
        for offer in corrector.offers(generation, expression[term.start : term.end], limit):
            mended = expression[: term.start] + offer.query + expression[term.end :]
            found.append(Offer(offer.written, offer.offered, mended, offer.kind, offer.records))
    return tuple(found[:limit])
