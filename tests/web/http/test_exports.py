"""Result lists as files: what comes out can be read again."""

import io

import pytest
from flask.testing import FlaskClient

from search.formats import FORMATS, read_stream
from search.ranked.engine import Engine
from search.records import Record
from web.http.exports import EXPORT_FORMATS


def read(content: bytes, name: str) -> list[Record]:
    return [item for item, _ in read_stream(io.BytesIO(content), name, name)]


@pytest.mark.parametrize("name", EXPORT_FORMATS)
def test_a_ranked_list_as_a_file(client: FlaskClient, engine: Engine, name: str) -> None:
    query = {"q": "心房細動の再発", "year_from": 2015, "limit": 12, "format": name}
    response = client.get("/api/v1/search/export", query_string=query, buffered=True)
    assert response.status_code == 200
    # JSON Lines are sent as they are read: how long they get is not known yet.
    assert response.headers.get("Content-Length") == (
        None if name == "jsonl" else str(len(response.data))
    )
    extension = FORMATS[name].extensions[0]
    assert response.headers["Content-Disposition"].endswith(f"jmedsearch-ranked{extension}")
    shown = engine.search("心房細動の再発", per_page=100).hits
    expected = [h.record for h in shown if (h.record.year or 0) >= 2015][:12]
    assert [record.title for record in read(response.data, name)] == [r.title for r in expected]


def test_a_format_that_is_none(client: FlaskClient) -> None:
    response = client.get("/api/v1/search/export?q=喘息&format=pdf")
    assert response.status_code == 400
    assert response.json
    assert response.json["errors"][0]["field"] == "format"
    assert "ris" in response.json["detail"]
