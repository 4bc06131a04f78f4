"""Recall curves of simulations as an SVG file."""

from collections.abc import Sequence

import numpy as np
from flask import Flask, render_template
from numpy.typing import NDArray

from web.http.language import install
from web.pages.charts import line_chart


def plot(curves: Sequence[tuple[str, NDArray[np.float64]]]) -> str:
    """An SVG of recall by the share of records read: each simulation, and their mean.

    ``curves`` are pairs of a name and the recall after each record.
    """
    shares = np.linspace(0, 1, 201)
    series: list[tuple[str, str, list[tuple[float, float]]]] = []
    even = []
    for name, curve in curves:
        read, found = np.linspace(0, 1, len(curve) + 1), np.concatenate([[0.0], curve])
        even.append(np.interp(shares, read, found))
        series.append((name, "other", _points(read, found)))
    series.append(("mean", "main", _points(shares, np.mean(even, axis=0))))
    chart = line_chart(series, x_most=1.0, y_most=1.0, percent=True)
    app = Flask(__name__)
    install(app)
    with app.test_request_context("/?lang=en"):
        return render_template("recall_curves.svg", chart=chart)


def _points(x: NDArray[np.float64], y: NDArray[np.float64]) -> list[tuple[float, float]]:
    return list(zip(x.tolist(), y.tolist(), strict=True))
