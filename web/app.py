"""The web application: pages for people, JSON for programs, over one engine."""

import math
import traceback
from collections.abc import Sequence
from importlib.metadata import version
from types import TracebackType
from typing import Any
from urllib.parse import quote

from flask import Response, request
from flask_openapi3.models.info import Info
from flask_openapi3.models.license import License
from flask_openapi3.openapi import OpenAPI
from werkzeug.routing import BaseConverter

from search import budget
from search.exact import ExactSearch
from search.ranked.engine import Engine
from search.spelling.correction import Corrector
from search.suggest import Suggester
from search.suggest.completion import Completer
from web.api import collections as collections_api
from web.api import duplicates as duplicates_api
from web.api import screening as screening_api
from web.api import search as api
from web.api import strategies as strategies_api
from web.api import suggestions as suggestions_api
from web.api import thesaurus_browser as thesaurus_api
from web.api.models import Problem
from web.api.problems import validation_problem
from web.desk.desk import Desk
from web.desk.jobs import Jobs
from web.http import (
    access,
    compression,
    etags,
    language,
    logs,
    metrics,
    origins,
    overload,
    postman,
    rates,
    security_headers,
    services,
    sizes,
)
from web.opensearch import routes as opensearch
from web.pages import (
    alerts,
    backups,
    collections,
    crawlers,
    duplicates,
    errors,
    first_run,
    forgotten,
    invitations,
    jobs,
    mail_links,
    measure,
    merges,
    overview,
    own_account,
    printing,
    progress,
    record_sources,
    reference,
    report,
    screening,
    sections,
    selection,
    settings,
    sign_in,
    strategies,
    suggestions,
    terminology_files,
    upkeep,
    uploads,
    usage,
    users,
)
from web.pages import search as pages


class _IdConverter(BaseConverter):
    """A record's id in an address: anything, slashes included."""

    regex = ".+?"
    part_isolating = False

    def to_url(self, value: Any) -> str:
        return quote(str(value), safe=":")


class _Application(OpenAPI):
    """Gives every request a budget (:mod:`search.budget`), and logs failures without what users
    typed: queries can tell of patients, and messages of exceptions can hold queries."""

    def full_dispatch_request(self) -> Response:
        """Answer the request, within the time that it may take."""
        # A file has to be read: the larger it is, the longer that may take.
        seconds = self.config["TIME_LIMIT"] * (1 + sizes.megabytes_of_file() / 5)
        with budget.limited(seconds):
            return super().full_dispatch_request()

    def log_exception(
        self,
        exc_info: (tuple[type, BaseException, TracebackType | None] | tuple[None, None, None]),
    ) -> None:
        kind, _, trace = exc_info
        self.logger.error(
            "%s in %s %s\n%s",
            kind.__name__ if kind else "error",
            request.method,
            request.endpoint,
            "".join(traceback.format_tb(trace)),
        )


def create_app(
    engine: Engine,
    suggester: Suggester,
    desk: Desk | None = None,
    admission: access.Admission | None = None,
    *,
    link_resolver: str = "",
    rate: rates.Rate | None = None,
    allowed_origins: Sequence[str] = (),
    log_queries: bool = False,
    time_limit: float = math.inf,
    first_model: str | None = None,
) -> OpenAPI:
    """An application that answers from ``engine`` and ``suggester``.

    With a ``desk`` there are collections and accounts; ``admission`` says who is let in where
    nobody has an account, by default this machine's single user. ``link_resolver`` is the address
    of the institution's OpenURL resolver (:func:`web.http.links.resolver_template`), in place of
    the one that is set. Each client may ask at ``rate`` (None: as often as it likes); pages of
    ``allowed_origins`` may read the API; ``log_queries`` has the log say what was searched for; an
    answer may take ``time_limit`` seconds (by default as long as it takes). ``first_model`` is what
    a library that is not there yet is built with.

    It follows the library from generation to generation. Hosts other than the intended ones are
    refused once ``app.config["TRUSTED_HOSTS"]`` is set.
    """
    app = _Application(
        __name__,
        info=Info(
            title="jmedsearch",
            version=version("jmedsearch"),
            description="Semantic search over Japanese medical literature.",
            license=License(name="MIT", identifier="MIT"),
        ),
        static_folder=None,
        doc_ui=False,
        security_schemes={"token": {"type": "http", "scheme": "bearer"}},
        validation_error_status=400,
        validation_error_model=Problem,
        validation_error_callback=validation_problem,
    )
    # "a//b" is an id like any other, not a slip to be redirected.
    app.url_map.merge_slashes = False
    app.url_map.converters["id"] = _IdConverter
    services.install(
        app,
        services.Services(
            engine,
            ExactSearch(engine.library, engine.terminology),
            Corrector(),
            suggester,
            Completer(suggester),
            desk,
            _jobs(engine, desk),
        ),
    )
    app.config["TIME_LIMIT"] = time_limit
    app.config["LINK_RESOLVER"] = link_resolver
    app.config["FIRST_MODEL"] = first_model
    # Hooks before a view run in this order, those after it in the opposite one.
    logs.install(app, with_queries=log_queries)
    metrics.install(app)
    compression.install(app)
    etags.install(app)
    origins.install(app, allowed_origins)
    overload.install(app)
    sizes.install(app)
    app.config["ADMISSION"] = admission or access.Admission()
    rates.install(app, rate)
    postman.install(app, desk.store if desk else None)
    access.install(app)
    language.install(app)
    errors.install(app)
    app.register_api(api.blueprint)
    app.register_api(suggestions_api.blueprint)
    app.register_api(thesaurus_api.blueprint)
    app.register_api(api.health)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(opensearch.blueprint)
    app.register_blueprint(crawlers.blueprint)
    app.register_api(collections_api.blueprint)
    app.register_api(strategies_api.blueprint)
    app.register_api(duplicates_api.blueprint)
    app.register_api(screening_api.blueprint)
    for part in (
        sign_in,
        collections,
        strategies,
        suggestions,
        report,
        alerts,
        duplicates,
        merges,
        printing,
        reference,
        own_account,
        users,
        invitations,
        forgotten,
        mail_links,
        screening,
        progress,
        overview,
        record_sources,
        sections,
        selection,
        jobs,
        uploads,
        upkeep,
        first_run,
        terminology_files,
        measure,
        usage,
        backups,
        settings,
    ):
        app.register_blueprint(part.blueprint)
    app.register_blueprint(overview.growing)
    security_headers.install(app)
    return app


def _jobs(engine: Engine, desk: Desk | None) -> Jobs | None:
    """The jobs of an installation whose library is built where it is searched."""
    if desk is None or not engine.library.is_built_here:
        return None
    return Jobs(desk.store.path, engine.library.path)
