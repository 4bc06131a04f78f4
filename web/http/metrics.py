"""Figures of a running server in Prometheus' format: how many, how fast, how full."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from flask import Blueprint, Flask, Response, current_app, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from search.library.manifest import LibraryError
from web.http import overload, services

blueprint = Blueprint("metrics", __name__)
_KEY = "jmedsearch.metrics"
# Seconds: a query takes some tens of milliseconds, a large export minutes.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class _Metrics:
    """The figures of one application."""

    def __init__(self, app: Flask) -> None:
        self.started = time.time()
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "jmedsearch_requests",
            "Requests that were answered.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "jmedsearch_request_seconds",
            "Seconds from the start of a request's work to its answer.",
            ("route",),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.registry.register(_State(app))
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)


class _State(Collector):
    """What is read at the moment when it is asked for."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def collect(self) -> Iterator[Metric]:
        """The gauges."""
        server = overload.server(self._app)
        if server is not None:
            yield GaugeMetricFamily(
                "jmedsearch_requests_waiting", "Requests that wait for a thread.", server.waiting
            )
            yield GaugeMetricFamily(
                "jmedsearch_threads_held_seconds",
                "Seconds since a thread was last free; 0 where one is.",
                server.held,
            )
        with self._app.app_context():
            try:
                generation = services.engine().generation()
            except LibraryError:
                yield GaugeMetricFamily("jmedsearch_ready", "Whether the library answers.", 0)
                return
        yield GaugeMetricFamily("jmedsearch_ready", "Whether the library answers.", 1)
        yield GaugeMetricFamily(
            "jmedsearch_generation", "Number of the generation that answers.", int(generation.name)
        )
        yield GaugeMetricFamily(
            "jmedsearch_degraded",
            "Whether ranked lists are by words alone, because the engine does not answer.",
            int(generation.trouble is not None),
        )
        yield GaugeMetricFamily(
            "jmedsearch_records", "Records of the live generation.", generation.manifest.records
        )


def install(app: Flask) -> None:
    """Count the requests of ``app``."""
    app.extensions[_KEY] = _Metrics(app)
    app.before_request(_begin)
    app.after_request(_count)
    app.register_blueprint(blueprint)


@blueprint.get("/metrics")
def show() -> Response:
    """The figures, for Prometheus to collect."""
    return Response(generate_latest(_metrics().registry), content_type=CONTENT_TYPE_LATEST)


@dataclass(frozen=True)
class Route:
    """How often a route was asked, by the status of the answer, and how many answers came within so
    many seconds."""

    statuses: dict[str, float]
    within: dict[float, float]


def counted() -> dict[str, Route]:
    """What was asked since the process began, by the declared route."""
    found: dict[str, Route] = {}
    for metric in (*_metrics().requests.collect(), *_metrics().seconds.collect()):
        for sample in metric.samples:
            route = found.setdefault(sample.labels.get("route", ""), Route({}, {}))
            if sample.name.endswith("_requests_total"):
                status = sample.labels["status"]
                route.statuses[status] = route.statuses.get(status, 0) + sample.value
            elif sample.name.endswith("_bucket"):
                route.within[float(sample.labels["le"])] = sample.value
    return found


def started() -> float:
    """When counting began, in seconds since the epoch."""
    return _metrics().started


def _begin() -> None:
    g.metrics_began = time.monotonic()


def _count(response: Response) -> Response:
    metrics = _metrics()
    # The declared route, not the address: that would be a figure for each record asked for.
    route = request.url_rule.rule if request.url_rule else ""
    method = request.method if request.method in _METHODS else "other"
    metrics.requests.labels(method, route, str(response.status_code)).inc()
    if "metrics_began" in g:
        metrics.seconds.labels(route).observe(time.monotonic() - g.metrics_began)
    return response


def _metrics() -> _Metrics:
    found: _Metrics = current_app.extensions[_KEY]
    return found
