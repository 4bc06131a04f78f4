"""What every view needs: the searches, the suggester and the desk of the application."""

from dataclasses import dataclass

from flask import Flask, current_app

from search.exact import ExactSearch
from search.ranked.engine import Engine
from search.spelling.correction import Corrector
from search.suggest import Suggester
from search.suggest.completion import Completer
from web.desk.desk import Desk
from web.desk.jobs import Jobs

_KEY = "jmedsearch"


@dataclass(frozen=True)
class Services:
    """What an application answers with."""

    engine: Engine
    exact: ExactSearch
    corrector: Corrector
    suggester: Suggester
    completer: Completer
    desk: Desk | None
    jobs: Jobs | None = None


def install(app: Flask, services: Services) -> None:
    """Give ``app`` what its views will ask for."""
    app.extensions[_KEY] = services


def engine() -> Engine:
    """The engine of the application that serves this request."""
    return _services().engine


def exact() -> ExactSearch:
    """The exact search of the application that serves this request."""
    return _services().exact


def corrector() -> Corrector:
    """What offers terms for mistyped words, for the application that serves this request."""
    return _services().corrector


def suggester() -> Suggester:
    """The suggester of the application that serves this request."""
    return _services().suggester


def completer() -> Completer:
    """What completes words, for the application that serves this request."""
    return _services().completer


def desk() -> Desk | None:
    """The desk of the application that serves this request, if it has one."""
    return _services().desk


def jobs() -> Jobs | None:
    """The jobs over the library of the application that serves this request, if it can be built
    from here."""
    return _services().jobs


def _services() -> Services:
    found: Services = current_app.extensions[_KEY]
    return found
