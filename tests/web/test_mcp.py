"""A library as tools for language models, by the SDK's own client."""

import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from mcp import ClientSession, StdioServerParameters, stdio_client

from search.extras import how_to_install
from tests.waiting import LONG
from tests.web.running import COMMAND

pytestmark = pytest.mark.servers


def test_tools_answer_over_standard_input_and_output(sample_library: Path) -> None:
    program, *arguments = [*COMMAND, "mcp", "--library", str(sample_library)]

    async def ask() -> None:
        parameters = StdioServerParameters(command=program, args=arguments)
        async with stdio_client(parameters) as streams, ClientSession(*streams) as session:
            await session.initialize()
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
                ("exact_search", {"expression": "(喘息"}),
            ):
                assert (await session.call_tool(name, given)).is_error

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
