"""What an address asks a page for, and what is wrong with it in the language of the page."""

from collections.abc import Mapping
from typing import TypeVar

from pydantic import ValidationError

from web.http.language import gettext
from web.http.search_parameters import Query

_Asked = TypeVar("_Asked", bound=Query)


def typed_values(kind: type[Query], args: Mapping[str, str]) -> dict[str, str]:
    """The parameters as they were typed, for the form to show again."""
    return {name: args.get(name, "") for name in kind.model_fields}


def asked(kind: type[_Asked], args: Mapping[str, str]) -> _Asked:
    """The search that an address states; empty fields of a form say nothing.

    Raises:
        ValidationError: for values that cannot be taken.
    """
    return kind.model_validate(
        {
            name: args[name]
            for name in kind.model_fields
            if name in args and (args[name].strip() or name == "q")
        }
    )


def field_messages(error: ValidationError) -> list[str]:
    """What is wrong with the parameters, a sentence for each."""
    by_field = {
        "q": gettext("The query is too long. Shorten it to the part that matters."),
        "page": gettext("This page of the list does not exist."),
        "per_page": gettext("A page holds 1 to 100 records."),
        "sort": gettext("Choose an order from the list."),
        "year_from": gettext("Years have four digits, for example 2015."),
        "year_to": gettext("Years have four digits, and the first is not after the last."),
        "journal": gettext("The journal’s name is too long."),
        "publication_type": gettext("Choose a publication type from the list."),
        "keyword": gettext("Choose a keyword from the list."),
        "language": gettext("Choose a language from the list."),
        "has_abstract": gettext("The choice “with abstract” is either on or off."),
        "mapping": gettext("The choice whether words are mapped is either on or off."),
        "words": gettext("The words to search within the results are too long."),
        "retraction": gettext("Choose from the list what to do with retracted records."),
    }
    fields = dict.fromkeys(str(item["loc"][0]) for item in error.errors())
    return [by_field[name] for name in fields]
