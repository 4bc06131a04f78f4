"""Recall curves of simulations as an SVG file."""

from collections.abc import Sequence

import numpy as np
from flask import Flask, render_template
from numpy.typing import NDArray

from web.language import install
from web.pages.charts import line_chart


def plot(curves: Sequence[tuple[str, NDArray[np.float64]]]) -> str:
    """An SVG of recall by the share of records read: each simulation, and their mean.

    ``curves`` are pairs of a name and the recall after each record.
    """
    series = [
        (name, "other", list(zip(np.linspace(0, 1, len(c) + 1), [0.0, *c], strict=True)))
        for name, c in curves
    ]
    shares = np.linspace(0, 1, 201)
    mean = np.mean(
        [np.interp(shares, *zip(*points, strict=True)) for _, _, points in series], axis=0
    )
    chart = line_chart(
        [*series, ("mean", "main", list(zip(shares, mean, strict=True)))],
        x_most=1.0,
        y_most=1.0,
        percent=True,
    )
    app = Flask(__name__)
    install(app)
    with app.test_request_context("/?lang=en"):
        return render_template("recall_curves.svg", chart=chart)
