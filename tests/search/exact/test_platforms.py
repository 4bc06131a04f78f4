"""What belongs to another platform's syntax is recognised, never read as something else."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from search.exact import ExactSyntaxError, parse
from search.exact.fates import fates, platform_of
from search.exact.foreign_syntax import recognise
from search.exact.platforms import FINDERS
from search.exact.pubmed_filters import FILTERS
from search.exact.syntax_errors import KINDS
from web.cli.strategy_lines import strategy_lines

STRATEGIES = Path(__file__).parents[3].parent / "shared/data/strategies"

REFUSED = [
    # Ovid
    ("tumo?r", "Ovid", "wildcard", "tumour"),
    ("randomi?ed", "Ovid", "wildcard", "randomised"),
    ("wom#n.tw.", "Ovid", "wildcard", "wom*[tw]"),
    ("child$3.ab.", "Ovid", "wildcard", "child*[ab]"),
    ("antagonist?.ti.", "Ovid", "wildcard", "antagonist*[ti]"),
    ("stroke.mp.", "Ovid", "field", "stroke[tw]"),
    ("Malaria.ti,ab", "Ovid", "field", "Malaria[tiab]"),
    ("(heart attack or stroke).ti,ab.", "Ovid", "field", '("heart attack" or stroke)[tiab]'),
    ("dt.fs.", "Ovid", "field", '"drug therapy"[sh]'),
    ("2015$.ed.", "Ovid", "field", None),
    ("exp Malaria/", "Ovid", "heading", '"Malaria"[mh]'),
    ("Respiration, Artificial/", "Ovid", "heading", '"Respiration, Artificial"[mh:noexp]'),
    ('*"Wounds and Injuries"/', "Ovid", "heading", '"Wounds and Injuries"[majr:noexp]'),
    ("exp Wounds and Injuries/", "Ovid", "heading", '"Wounds and Injuries"[mh]'),
    ("Malaria/dt", "Ovid", "heading", '("Malaria"[mh:noexp] AND "drug therapy"[sh])'),
    ("exp thiazides/ or exp diuretics/", "Ovid", "heading", '"thiazides"[mh] or "diuretics"[mh]'),
    ("(low adj3 calor*).mp.", "Ovid", "proximity", "(low NEAR/2 calor*)[tw]"),
    ("heart adj attack", "Ovid", "proximity", "heart ADJ/0 attack"),
    ("limit 4 to english language", "Ovid", "limit", None),
    ("1 and (2 or 3)", "Ovid", "line numbers", "#1 and (#2 or #3)"),
    ("or/1-3", "Ovid", "line numbers", "(#1 OR #2 OR #3)"),
    ("5 and placebo.ab.", "Ovid", "line numbers", "#5 and placebo[ab]"),
    # Embase, the Cochrane Library
    ("'asthma'/exp", "Embase", "heading", '"asthma"[mh]'),
    ("asthma/exp", "Embase", "heading", '"asthma"[mh]'),
    ("'heart attack' AND stroke", "Embase", "phrase", '"heart attack" AND stroke'),
    ("asthma:ti,ab", "Embase and the Cochrane Library", "field", "asthma[tiab]"),
    ("heart NEXT/3 attack", "Embase and the Cochrane Library", "proximity", "heart ADJ/2 attack"),
    ("asthma AND [humans]/lim", "Embase", "limit", None),
    ("[mh Asthma]", "the Cochrane Library", "heading", '"Asthma"[mh]'),
    ('[mh ^"Heart Failure"]', "the Cochrane Library", "heading", '"Heart Failure"[mh:noexp]'),
    (
        "MeSH descriptor: [Asthma] explode all trees",
        "the Cochrane Library",
        "heading",
        '"Asthma"[mh]',
    ),
    ("{or #1-#3}", "the Cochrane Library", "line numbers", "(#1 OR #2 OR #3)"),
    # EBSCOhost
    ("'asthma'/de", "Embase", "heading", '"asthma"[mh:noexp]'),
    ("'asthma'/exp/mj", "Embase", "heading", '"asthma"[majr]'),
    ('(MM "Asthma")', "EBSCOhost (CINAHL)", "heading", '("Asthma"[majr:noexp])'),
    ('(MH "Asthma+")', "EBSCOhost (CINAHL)", "heading", '("Asthma"[mh])'),
    ("TI asthma OR AB asthma", "EBSCOhost (CINAHL)", "field", "asthma[ti] OR asthma[ab]"),
    (
        'TI ("heart attack" OR stroke)',
        "EBSCOhost (CINAHL)",
        "field",
        '("heart attack" OR stroke)[ti]',
    ),
    ("heart N3 attack", "EBSCOhost (CINAHL)", "proximity", "heart NEAR/3 attack"),
    # Web of Science
    ("TS=(asthma OR wheeze)", "Web of Science", "field", "(asthma OR wheeze)[tw]"),
    ("TI=(asthma OR wheeze)", "Web of Science", "field", "(asthma OR wheeze)[ti]"),
    ("asthma AND PY=2010-2020", "Web of Science", "date", "asthma AND 2010:2020[dp]"),
    # Scopus
    ("TITLE-ABS-KEY(asthma)", "Scopus", "field", "(asthma)[tw]"),
    ('TITLE("heart attack")', "Scopus", "field", '("heart attack")[ti]'),
    ("heart W/3 attack", "Scopus", "proximity", "heart NEAR/3 attack"),
    ("{heart attack}", "Scopus", "phrase", '"heart attack"'),
    ("asthma AND PUBYEAR > 2010", "Scopus", "date", "asthma AND 2011:3000[dp]"),
    # Europe PMC
    ("title:stroke", "Europe PMC", "field", "stroke[ti]"),
]


@pytest.mark.parametrize(("expression", "platform", "kind", "here"), REFUSED)
def test_a_construct_is_refused_with_whose_it_is_and_how_to_write_it(
    expression: str, platform: str, kind: str, here: str | None
) -> None:
    with pytest.raises(ExactSyntaxError) as caught:
        parse(expression, with_lines=True)
    error = caught.value
    assert error.foreign is not None
    kinds = {one.kind for one in recognise(expression, FINDERS)}
    assert (error.foreign.platform, kind in kinds) == (platform, True)
    assert error.proposal == here
    assert platform in str(error)
    assert error.fragment in expression
    if here is not None:
        parse(here, with_lines=True)


@pytest.mark.parametrize(
    "expression",
    [
        *(
            "肺炎/TI",
            "(肺炎/TI or 肺炎/AB) and (DT=2015:2020 PT=会議録除く) not 小児",
            "[心筋梗塞]/TH",
        ),
        *("TI=(asthma)", "10.1016/S0140-6736(20)30183-5", "(肺癌 or 肺腫瘍)/TI", "and/or"),
        *("C#", "C++ and C#", "what causes malaria?", "IL-6", "T4 N3 M0", "AB blood group"),
        *("p.m.", "HIV/AIDS", "mg/ml", "Na+/K+", "Down's syndrome OR Parkinson's disease"),
        *('"hip pain"[tiab:~5]', '"2015/04/01"[dp] : "3000"[dp]', "A NEAR/5 B", "A ADJ/5 B"),
        *('"exp Malaria/"', '"tumo?r"', "SU薬", "12345678", "heart failure[title/abstract]"),
        *("https://example.org/a.ti", "5-HT3", "U.S. and U.K.", "PT INR", "２型糖尿病"),
    ],
)
def test_what_is_ours_is_read(expression: str) -> None:
    assert not recognise(expression, FINDERS)
    parse(expression)


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("randomizedcontrolledtrial[Filter]", '"Randomized Controlled Trial"[pt]'),
        ("casereports[filter]", '"Case Reports"[pt]'),
        ("multicenterstudy[Filter]", '"Multicenter Study"[pt]'),
        ("meta-analysis[Filter]", "Meta-Analysis[pt]"),
        ("aged[Filter]", "Aged[mh:noexp]"),
        ("allinfant[Filter]", 'Infant[mh:noexp] OR "Infant, Newborn"[mh:noexp]'),
        ("humans[Filter]", "Humans[mh:noexp]"),
        ("english[Filter]", "en[la]"),
        ("fha[Filter]", "hasabstract[filter]"),
    ],
)
def test_names_of_pubmeds_filters_are_read(name: str, meaning: str) -> None:
    found = parse(name)
    assert str(found.tree) == meaning


@pytest.mark.parametrize(
    "name", ["y_5[Filter]", "ffrft[Filter]", "medline[sb]", "frobnicate[Filter]"]
)
def test_a_filter_that_means_nothing_here_is_refused(name: str) -> None:
    with pytest.raises(ExactSyntaxError, match="no such filter"):
        parse(name)


def test_every_filter_can_be_read() -> None:
    for name in FILTERS:
        parse(f"{name}[Filter]")


def test_a_strategy_says_its_platform_and_words_in_a_row_are_its_phrases() -> None:
    lines = ["# Melatonin", "exp Melatonin/", "intensive care", "melatonin", "2 and 3"]
    assert platform_of(lines[1:]) == "Ovid"
    told = {one.line: one for one in fates(lines)}
    assert told["melatonin"].fate == "read"
    row = told["intensive care"].fault
    assert row is not None
    assert row.proposal == '"intensive care"'
    assert told["2 and 3"].fault is not None
    # The same words are read where nothing says that they are Ovid's.
    assert [one.fate for one in fates(["intensive care"])] == ["read"]


def test_the_command_tells_each_line(tmp_path: Path) -> None:
    file = tmp_path / "strategy.txt"
    file.write_text("stroke.ti,ab.\nstroke\n", encoding="utf-8")
    told = CliRunner().invoke(strategy_lines, [str(tmp_path)])
    assert told.exit_code == 0
    assert (
        "refused at 7, '.ti,ab.': this is a field in the syntax of Ovid; here: [tiab]"
        in told.output
    )
    assert "perhaps: stroke[tiab]" in told.output
    assert "read as stroke[all]" in told.output
    assert "2 lines: 1 read, 1 refused" in told.output
    first = json.loads(
        CliRunner().invoke(strategy_lines, ["--json", str(file)]).output.splitlines()[0]
    )
    assert (first["platform"], first["kind"], first["start"]) == ("Ovid", "field", 6)
    queries = tmp_path / "q.jsonl"
    queries.write_text('{"x": 1}\n', encoding="utf-8")
    assert "line 1: no field query" in CliRunner().invoke(strategy_lines, [str(queries)]).output


# What no line has that means the same on Ovid and here: looked for without the tables.
_OVIDS_OWN = re.compile(
    r"/|\.[a-z]{2}\b|\badj\d*\b|[?$#]|\bexp\b|\blimit\b|^\W*\d+\W+(?:and|or|not)\b|[a-z]\s+(?!or\b|and\b|not\b)[a-z]",
    re.IGNORECASE,
)


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.skipif(not STRATEGIES.is_dir(), reason="needs ../shared/data/strategies")
def test_no_line_of_real_strategies_is_misread() -> None:
    told = CliRunner().invoke(strategy_lines, ["--json", str(STRATEGIES)])
    rows = [json.loads(line) for line in told.stdout.splitlines()]
    assert len(rows) > 2000
    for row in rows:
        if ".ovid." in row["strategy"] and row["fate"] == "read":
            assert not _OVIDS_OWN.search(row["line"]), row["line"]
    refused = [row for row in rows if row["fate"] == "refused"]
    # Most can be taken over as they are proposed.
    assert sum(row["proposal"] is not None for row in refused) > 0.9 * len(refused)


@given(st.text(alphabet="abTI(/)[]\"'.,:?$#*{}=0129 andorexp", max_size=60))
def test_any_text_is_looked_at_and_places_lie_in_it(text: str) -> None:
    end = 0
    for one in recognise(text, FINDERS):
        assert end <= one.start < one.end <= len(text)
        assert one.kind in KINDS
        end = one.end


def test_a_long_expression_is_looked_at_quickly() -> None:
    for piece in ("a/", "(", "exp ", "a.ti,", "'a", "a? ", "TS=", "{", "x adj3 "):
        recognise((piece * 20_000)[:20_000], FINDERS)
