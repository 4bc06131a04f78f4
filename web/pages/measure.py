"""The page of how well this library finds its own records, and of adapting its model."""

import importlib.util

from flask import Blueprint, Response, make_response, redirect, render_template, url_for

from search.extras import how_to_install
from search.library.manifest import LibraryError
from web.http import services
from web.http.jobs_access import begin, jobs
from web.pages.jobs import words

# What adapting a model needs beside the base install.
_TRAINING = ("torch", "transformers", "accelerate", "matplotlib", "sentence_transformers")

blueprint = Blueprint("measure", __name__)


@blueprint.get("/library/measure")
def show() -> str:
    """What was measured last, with what it means."""
    measured = jobs().listed(0, 10, ("measure",))
    done = next((job for job in measured if job.state == "done"), None)
    engine = services.engine()
    try:
        manifest = engine.generation().manifest
    except LibraryError:
        manifest = None
    return render_template(
        "measure.html",
        manifest=manifest,
        done=done,
        job=next((job for job in measured if job.is_open), None),
        failed=measured[0] if measured and measured[0].state == "failed" else None,
        can_adapt=all(importlib.util.find_spec(name) for name in _TRAINING),
        how_to_install=how_to_install("train"),
        library=str(jobs().library),
        **words(),
    )


@blueprint.post("/library/measure", endpoint="begin")
def begin_measure() -> Response:
    """The measurement begun, unless one is under way."""
    if not any(job.kind == "measure" for job in jobs().open_jobs()):
        begin("measure")
    return make_response(redirect(url_for("measure.show"), 303))
