"""The command that tells what becomes of strategies written for other platforms."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from search.exact.fates import LineFate, fates, platform_of
from web.cli.terminal import visible


@click.command("strategy-lines")
@click.argument(
    "files",
    type=click.Path(path_type=Path, exists=True),
    nargs=-1,
    required=True,
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON, one line of it for each line.")
@click.option("--refused", "only_refused", is_flag=True, help="Only lines that are refused.")
def strategy_lines(files: tuple[Path, ...], as_json: bool, only_refused: bool) -> None:
    """Tell what becomes of each line of strategies written for any platform.

    FILES are text files, a strategy each, or folders of them; of .jsonl files the field query of
    each line. A line is read as it is, or refused with the platform whose syntax it is, the place
    and how to write it here. Ends with 0 in either case: a refusal is no fault of the command.
    """
    counted: Counter[str] = Counter()
    for name, lines in _strategies(files):
        platform = platform_of(lines)
        for one in fates(lines):
            counted[one.fate] += 1
            if only_refused and one.fault is None:
                continue
            told = _as_json(name, one) if as_json else _told(name, one)
            click.echo(told if as_json else visible(told))
        if platform and not as_json:
            click.echo(f"{visible(name)}: a strategy of {platform}")
    total = counted.total()
    click.echo(f"{total} lines: {counted['read']} read, {counted['refused']} refused", err=True)


def _strategies(files: Iterable[Path]) -> Iterator[tuple[str, list[str]]]:
    """Each strategy with its name."""
    for path in files:
        if path.is_dir():
            yield from _strategies(sorted(p for p in path.rglob("*") if p.is_file()))
            continue
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise click.ClickException(f"{path}: no text in UTF-8: {error}") from error
        if path.suffix != ".jsonl":
            yield str(path), lines
            continue
        for number, line in enumerate(filter(None, lines), 1):
            try:
                query = json.loads(line)["query"]
            except (json.JSONDecodeError, KeyError, TypeError) as error:
                raise click.ClickException(f"{path}, line {number}: no field query") from error
            yield f"{path}:{number}", str(query).splitlines()


def _told(name: str, one: LineFate) -> str:
    place = f"{name}:{one.number}"
    if one.fault is None:
        return f"{place}: read as {one.canonical}"
    told = f"{place}: refused at {one.fault.start + 1}, {one.fault.fragment!r}: {one.fault}"
    return f"{told}\n  perhaps: {one.fault.proposal}" if one.fault.proposal else told


def _as_json(name: str, one: LineFate) -> str:
    fault, foreign = one.fault, one.fault.foreign if one.fault else None
    return json.dumps(
        {
            "strategy": name,
            "number": one.number,
            "line": one.line,
            "fate": one.fate,
            "canonical": one.canonical or None,
            "reason": fault.reason if fault else None,
            "platform": foreign.platform if foreign else None,
            "kind": foreign.kind if foreign else None,
            "start": fault.start if fault else None,
            "end": fault.end if fault else None,
            "proposal": fault.proposal if fault else None,
        },
        ensure_ascii=False,
    )
