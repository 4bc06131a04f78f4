"""SKOS in its three syntaxes, and files that ask for more than they hold."""

import sys
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from indexer.terminology.skos import read_skos, syntax_of
from search.terminology.terminology import Terminology
from tests.indexer.terminology.test_adding import added, run
from web.cli import main

TURTLE = """@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix ex: <http://example.org/> .
ex:heart a skos:Concept ; skos:prefLabel "見本心疾患"@ja , "sample heart disease"@en ;
  skos:narrower ex:dcm .
ex:dcm a skos:Concept ; skos:prefLabel "見本拡張型心筋症"@ja ; skos:altLabel "SDCMX"@en ,
  "Probe-Kardiomyopathie"@de , "みほんかくちょうがた"@ja-Hrkt ;
  skos:hiddenLabel "見本拡張形心筋症"@ja ;
  skos:notation "I42.0" ; skos:scopeNote "A made-up\\n note."@en .
ex:hcm skos:prefLabel "見本肥大型心筋症" ; skos:broader ex:heart .
ex:foreign a skos:Concept ; skos:prefLabel "Herz"@de .
"""
XML = """<?xml version="1.0"?>
<!DOCTYPE rdf:RDF [<!ENTITY ex "http://example.org/">]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
  xmlns:skos="http://www.w3.org/2004/02/skos/core#">
<skos:Concept rdf:about="&ex;heart"><skos:prefLabel xml:lang="ja">見本心疾患</skos:prefLabel>
  <skos:prefLabel xml:lang="en">sample heart disease</skos:prefLabel>
  <skos:narrower rdf:resource="&ex;dcm"/></skos:Concept>
<skos:Concept rdf:about="&ex;dcm"><skos:prefLabel xml:lang="ja">見本拡張型心筋症</skos:prefLabel>
  <skos:altLabel xml:lang="en">SDCMX</skos:altLabel>
  <skos:altLabel xml:lang="ja-Hrkt">みほんかくちょうがた</skos:altLabel>
  <skos:hiddenLabel xml:lang="ja">見本拡張形心筋症</skos:hiddenLabel>
  <skos:notation>I42.0</skos:notation>
  <skos:scopeNote xml:lang="en">A made-up
  note.</skos:scopeNote></skos:Concept>
<rdf:Description rdf:about="&ex;hcm"><skos:prefLabel>見本肥大型心筋症</skos:prefLabel>
  <skos:broader rdf:resource="&ex;heart"/></rdf:Description>
<skos:Concept rdf:about="&ex;foreign"><skos:prefLabel xml:lang="de">Herz</skos:prefLabel>
</skos:Concept>
</rdf:RDF>
"""
JSON_LD = """{"@context": {"skos": "http://www.w3.org/2004/02/skos/core#", "ex": "http://example.org/"},
"@graph": [
{"@id": "ex:heart", "@type": "skos:Concept", "skos:prefLabel": [
  {"@value": "見本心疾患", "@language": "ja"},
  {"@value": "sample heart disease", "@language": "en"}],
  "skos:narrower": {"@id": "ex:dcm"}},
{"@id": "ex:dcm", "@type": "skos:Concept",
  "skos:prefLabel": {"@value": "見本拡張型心筋症", "@language": "ja"},
  "skos:altLabel": {"@value": "SDCMX", "@language": "en"},
  "skos:hiddenLabel": {"@value": "見本拡張形心筋症", "@language": "ja"},
  "skos:notation": "I42.0", "skos:scopeNote": {"@value": "A made-up note.", "@language": "en"}},
{"@id": "ex:hcm", "skos:prefLabel": "見本肥大型心筋症", "skos:broader": {"@id": "ex:heart"}},
{"@id": "ex:foreign", "@type": "skos:Concept",
  "skos:prefLabel": {"@value": "Herz", "@language": "de"}}]}
"""


@pytest.mark.parametrize(
    ("name", "content"), [("a.ttl", TURTLE), ("a.rdf", XML), ("a.jsonld", JSON_LD)]
)
def test_skos_is_read_alike_in_each_syntax(tmp_path: Path, name: str, content: str) -> None:
    file, folder = tmp_path / name, tmp_path / "terminology"
    file.write_text(content, encoding="utf-8")
    status, output = run("add", file, "--terminology", folder)
    assert status == 0, output
    assert "foreign: the concept has no label in Japanese or English" in output
    assert "3 concepts" in output
    terminology = Terminology([folder / "a.db"])
    (heart,) = terminology.meant("Sample heart diseases")
    assert {c.name for c in terminology.narrower(heart)} == {"見本拡張型心筋症", "見本肥大型心筋症"}
    (dilated,) = terminology.meant("SDCMX")
    assert {(label.text, label.kind) for label in dilated.labels} == {
        ("見本拡張型心筋症", "preferred"),
        ("SDCMX", "abbreviation"),
        ("見本拡張形心筋症", "spelling"),
    }
    assert ("notation", "I42.0") in {(n.scheme, n.code) for n in dilated.notations}
    assert [(n.text, n.language) for n in terminology.scope_notes(dilated)] == [
        ("A made-up note.", "en")
    ]


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE rdf:RDF [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY b{n} "{f"&b{n - 1};" * 10 if n else "&a;" * 10}">' for n in range(9))
    + ']><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">&b8;</rdf:RDF>'
)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.rdf", BOMB, "entities by other entities"),
        (
            "a.rdf",
            '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rdf:RDF>&x;</rdf:RDF>',
            "entities by other entities",
        ),
        ("a.rdf", "<rdf:RDF ", "cannot be read as RDF/XML"),
        ("a.ttl", "@prefix a: b", "cannot be read as Turtle"),
        ("a.ttl", "<a> <b> " + "[ <c> " * 5000, "nested too deeply"),
        ("a.jsonld", "[" * 100_000, "nested too deeply"),
        ("a.jsonld", '{"@context": "http://localhost:1/context.json"}', "is not fetched"),
        ("a.jsonld", '{"a": [{"@context": [{}, "file:///etc/passwd"]}]}', "is not fetched"),
        ("a.jsonld", '{"@context": {"@import": "http://localhost:1/"}}', "is not fetched"),
        ("a.jsonld", "{nothing", "no JSON"),
        ("a.ttl", "", "no concept that can be used"),
    ],
)
def test_a_hostile_file_is_refused(tmp_path: Path, name: str, content: str, reason: str) -> None:
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    for command in ("add", "check"):
        options = ("--terminology", tmp_path / "there") if command == "add" else ()
        status, output = run(command, file, *options)
        if command == "add" or reason != "no concept that can be used":
            assert status == 1
            assert reason in output
        assert "Traceback" not in output
    assert not (tmp_path / "there").exists()


@given(st.binary(max_size=300))
def test_whatever_a_file_holds_it_is_read_or_refused(content: bytes) -> None:
    for head in (
        b"",
        b"@prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n",
        b"<rdf:RDF ",
        b"{",
    ):
        syntax = syntax_of(head + content, "a.ttl")
        assert syntax is not None
        try:
            list(read_skos(BytesIO(head + content), syntax))
        except ValueError:
            continue


def test_without_the_package_it_is_said_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.ttl"
    file.write_text(TURTLE, encoding="utf-8")
    monkeypatch.setitem(sys.modules, "rdflib", None)
    done = CliRunner().invoke(main, ["terminology", "add", str(file)])
    assert done.exit_code == 1
    assert "[skos]" in done.output


def test_an_exact_copy_adds_the_same(tmp_path: Path) -> None:
    file = tmp_path / "a.ttl"
    file.write_text(TURTLE, encoding="utf-8")
    first = added(file, tmp_path / "one")
    again = added(file, tmp_path / "two")
    assert [c.name for c in first.found("見本", 9)] == [c.name for c in again.found("見本", 9)]
