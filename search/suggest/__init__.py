"""Query-term suggestion (検索語候補): the MLM head, the terms' vectors and the present hits choose
among the library's own terms."""

from search.suggest.grounding import Example, Grounding
from search.suggest.groups import GROUPS, Group
from search.suggest.masks import Filling, JointFilling
from search.suggest.proposals import Reason, standardised
from search.suggest.suggester import MAX_MASKS, MaskFillings, Suggester, Suggestion
from search.suggest.vocabulary import Vocabulary, literal

__all__ = [
    "GROUPS",
    "MAX_MASKS",
    "Example",
    "Filling",
    "Grounding",
    "Group",
    "JointFilling",
    "MaskFillings",
    "Reason",
    "Suggester",
    "Suggestion",
    "Vocabulary",
    "literal",
    "standardised",
]
