"""The whole API and every form, asked for what nobody would think of: never an error of ours, never
an answer other than described."""

from datetime import timedelta

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import positive_data_acceptance

from search.ranked.engine import Engine
from search.suggest import Suggester
from web.app import create_app
from web.desk.desk import open_desk

_EXAMPLES = 8
_QUICK = settings(
    max_examples=_EXAMPLES,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def fuzzed(engine: Engine, suggester: Suggester, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    desk = open_desk(tmp_path_factory.mktemp("fuzzed") / "collections.db")
    desk.accounts.add("a", "administrator", None)
    app = create_app(engine, suggester, desk)
    app.config["TOKEN"] = desk.accounts.add_token("a", "", "administer", timedelta(hours=1))
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {app.config['TOKEN']}"
    # So that numbers and ids that are tried mean something.
    for number in (1, 2, 3):
        client.post("/api/v1/collections", json={"name": f"c{number}"})
        ids = ["sample-cardiology-01", "sample-cardiology-02"]
        client.post(f"/api/v1/collections/{number}/records", json={"ids": ids})
        client.post(f"/api/v1/collections/{number}/tags", json={"tag": "t", "ids": ids})
    return app


@pytest.fixture(scope="module")
def api(fuzzed: Flask) -> BaseSchema:
    headers = {"Authorization": f"Bearer {fuzzed.config['TOKEN']}"}
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", fuzzed, headers=headers)


# The answers that schemathesis reads it does not close.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_api_does_as_it_says(api: BaseSchema, fuzzed: Flask) -> None:
    wrong = {}
    headers = {"Accept-Encoding": "identity", "Authorization": f"Bearer {fuzzed.config['TOKEN']}"}
    for found in api.get_all_operations():
        operation = found.ok()

        @given(operation.as_strategy())
        @_QUICK
        def ask(case: schemathesis.Case) -> None:
            # What a query or an edit means is beyond a schema: 400 says so.
            case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])

        try:
            ask()
        except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 - all operations are tried, and named together
            wrong[operation.label] = str(error)
    assert not wrong, "\n".join(f"{label}: {text}" for label, text in wrong.items())
