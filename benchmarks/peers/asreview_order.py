"""ASReview's default model on labelled reviews, with priors that are given: one JSON line each.

Runs in an environment of its own, which benchmarks/screening.py names:

python -m venv V && V/bin/pip install asreview asreview-insights
V/bin/python benchmarks/peers/asreview_order.py < tasks.jsonl

A task is {"name", "seed", "ids", "titles", "abstracts", "labels", "priors"} and perhaps "most", the
labels after which to stop (else when all that is relevant is found); the answer holds the
labels of all records but the priors in the order in which they were read, the seconds of CPU time
that each step took, and asreview-insights' measures of that order.
"""

import itertools
import json
import sys
import time

import asreview
import pandas as pd
from asreview.learner import ActiveLearningCycle
from asreview.models.models import get_ai_config
from asreview.simulation.simulate import Simulate
from asreviewcontrib.insights import metrics


class Timed(Simulate):
    """Notes how long each step took."""

    def label(self, record_ids, cycle=None):
        """Label records, and note the moment."""
        self.moments = [*getattr(self, "moments", []), time.process_time()]
        return super().label(record_ids, cycle=cycle)


def run(task: dict) -> dict:
    """One simulation."""
    place = {record_id: n for n, record_id in enumerate(task["ids"])}
    labels = pd.Series([int(label) for label in task["labels"]])
    data = pd.DataFrame({"title": task["titles"], "abstract": task["abstracts"]})
    model = get_ai_config()
    cycle = ActiveLearningCycle.from_meta(model["value"])
    simulation = Timed(data, labels, cycle, stopper=task.get("most"), print_progress=False)
    simulation.label([place[i] for i in task["priors"]])
    simulation.review()
    read = [int(i) for i in simulation._results["record_id"]]
    begun, seen = len(task["priors"]), set(read)
    order = [int(labels[i]) for i in read[begun:]]
    order += [int(labels[i]) for i in range(len(labels)) if i not in seen]
    moments = simulation.moments
    return {
        "name": task["name"],
        "seed": task["seed"],
        "model": f"ASReview {asreview.__version__}, {model['name']}",
        "order": order,
        "seconds": [b - a for a, b in itertools.pairwise(moments[1:])],
        "insights": {
            "loss": metrics._loss_value(order),
            "WSS@95": metrics._wss(order, 0.95),
            "recall@10%": metrics._recall(order, 0.1),
            "ATD": metrics._average_time_to_discovery(
                metrics._time_to_discovery(list(range(len(order))), order)
            ),
        },
    }


for line in sys.stdin:
    print(json.dumps(run(json.loads(line))), flush=True)
