"""Abstracts that must not be passed on, on pages: shown to the staff of the installation alone."""

from search.ranked.snippets import MatchedSentence, shareable_sentence
from search.records import Record
from web.http import access


def seen(record: Record) -> Record:
    """A record as whoever asks may see it on a page."""
    return record if access.sees_restricted() else record.shareable()


def seen_sentence(sentence: MatchedSentence | None) -> MatchedSentence | None:
    """A sentence as whoever asks may see it on a page."""
    return sentence if access.sees_restricted() else shareable_sentence(sentence)
