"""A library as tools for language models, by the SDK's own client."""

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import anyio
import pytest
from mcp import ClientSession, StdioServerParameters, stdio_client
from mcp.server.mcpserver.exceptions import ToolError

from search.extras import how_to_install
from search.ranked.engine import Engine
from search.suggest import Suggester
from tests.waiting import LONG
from tests.web.running import COMMAND
from web.mcp_server import mcp_server

pytestmark = pytest.mark.servers


def test_tools_answer_over_standard_input_and_output(sample_library: Path) -> None:
    program, *arguments = [*COMMAND, "mcp", "--library", str(sample_library)]

    async def ask() -> None:
        parameters = StdioServerParameters(command=program, args=arguments)
        async with stdio_client(parameters) as streams, ClientSession(*streams) as session:
            server = (await session.initialize()).server_info
            assert server.version == version("jmedsearch")
            tools = (await session.list_tools()).tools
            assert {t.name for t in tools} == {
                *("search", "exact_search", "read", "similar", "suggest")
            }
            assert all(t.annotations and t.annotations.read_only_hint for t in tools)
            found = await session.call_tool("search", {"query": "心房細動の再発", "limit": 3})
            assert not found.is_error
            records = found.structured_content["records"]
            assert len(records) == 3
            assert records[0]["link"].startswith("https://")
            read = await session.call_tool("read", {"id": records[0]["id"]})
            assert read.structured_content["abstract"]
            near = await session.call_tool("similar", {"id": records[0]["id"], "limit": 2})
            assert len(near.structured_content["records"]) == 2
            exact = await session.call_tool("exact_search", {"expression": "喘息"})
            assert exact.structured_content["count"] > 0
            terms = await session.call_tool("suggest", {"query": "喘息"})
            assert terms.structured_content["result"]
            for name, given in (
                ("read", {"id": "none"}),
                ("search", {"query": " "}),
                ("search", {"query": "a", "limit": 1000}),
                ("exact_search", {"expression": "喘息", "pages": 2}),
                ("search", {"query": "喘息", "page": 0}),
            ):
                assert (await session.call_tool(name, given)).is_error

            second = await session.call_tool("search", {"query": "患者", "limit": 3, "page": 2})
            both = await session.call_tool("search", {"query": "患者", "limit": 6})
            assert second.structured_content["records"] == both.structured_content["records"][3:]
            asked = {"expression": "患者", "limit": 2, "page": 3}
            third = (await session.call_tool("exact_search", asked)).structured_content
            first = await session.call_tool("exact_search", {"expression": "患者", "limit": 6})
            assert third["records"] == first.structured_content["records"][4:]
            assert third["page"] == 3
            mixed = await session.call_tool("exact_search", {"expression": "喘息 or 肺炎 and 患者"})
            assert mixed.structured_content["notes"][0]["reason"] == "mixed operators"
            faulty = await session.call_tool("exact_search", {"expression": "(喘息 AND 患者"})
            assert faulty.is_error
            said, place = faulty.content[0].text.splitlines()[-2:]
            assert "this parenthesis is not closed" in said
            fault = json.loads(place)
            assert (fault["start"], fault["end"], fault["proposal"]) == (0, 1, "(喘息 AND 患者)")

    anyio.run(ask)


def test_a_call_has_the_budget_of_a_request(engine: Engine, suggester: Suggester) -> None:
    async def ask() -> None:
        server = mcp_server(engine, suggester, time_limit=1e-9)
        for name, given in (
            ("exact_search", {"expression": "喘息"}),
            ("suggest", {"query": "喘息"}),
        ):
            with pytest.raises(ToolError, match="longer than"):
                await server.call_tool(name, given)

    anyio.run(ask)


def test_nothing_but_the_protocol_is_on_standard_output(sample_library: Path) -> None:
    command = [*COMMAND, "mcp", "--library", str(sample_library)]
    done = subprocess.run(command, input="", capture_output=True, text=True, timeout=LONG)
    assert done.returncode == 0
    assert done.stdout == ""


def test_a_missing_library_is_said_on_standard_error(tmp_path: Path) -> None:
    command = [*COMMAND, "mcp", "--library", str(tmp_path / "none")]
    done = subprocess.run(command, input="", capture_output=True, text=True, timeout=LONG)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "jmedsearch index" in done.stderr


def test_without_the_sdk_the_command_says_what_to_install(
    sample_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = "import sys; sys.modules['mcp'] = None; from web.cli import main; main()"
    command = [sys.executable, "-c", hidden, "mcp", "--library", str(sample_library)]
    done = subprocess.run(command, input="", capture_output=True, text=True, timeout=LONG)
    assert done.returncode == 1
    assert how_to_install("mcp") in done.stderr
