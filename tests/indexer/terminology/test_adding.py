"""Terminologies that a user adds: tables of names and MeSH."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from search.terminology.terminology import Terminology
from web.cli import main

TABLE = (
    "ja,en,ja_also,abbreviations,lay,broader\n"
    "# 院内の用語\n"
    "せん妄ケア,delirium care,せん妄看護,DCARE,,看護\n"
    "看護,nursing,,,,\n"
    ",,,,,\n"
    "転倒転落,falls,転倒・転落;転倒及び転落,,ころぶこと,\n"
)
# In the shape of NLM's DTD; the records are made up.
MESH = """<?xml version="1.0"?>
<!DOCTYPE DescriptorRecordSet SYSTEM "https://www.nlm.nih.gov/databases/dtd/nlmdescriptorrecordset.dtd">
<DescriptorRecordSet LanguageCode="eng">
<DescriptorRecord DescriptorClass="1">
  <DescriptorUI>D900002</DescriptorUI>
  <DescriptorName><String>Sample Heart Failure</String></DescriptorName>
  <AllowableQualifiersList>
    <AllowableQualifier><QualifierReferredTo><QualifierUI>Q000188</QualifierUI>
      <QualifierName><String>drug therapy</String></QualifierName></QualifierReferredTo>
      <Abbreviation>DT</Abbreviation></AllowableQualifier>
  </AllowableQualifiersList>
  <TreeNumberList><TreeNumber>C14.900.100</TreeNumber></TreeNumberList>
  <ConceptList>
    <Concept PreferredConceptYN="Y">
      <ScopeNote>A made-up condition of the
        heart.</ScopeNote>
      <TermList>
      <Term LexicalTag="NON"><String>Sample Heart Failure</String></Term>
      <Term LexicalTag="NON"><String>Sample Cardiac Failure</String></Term>
      <Term LexicalTag="ABB"><String>SHFX</String></Term>
    </TermList></Concept>
    <Concept PreferredConceptYN="N"><TermList>
      <Term LexicalTag="NON"><String>Sample Right Failure</String></Term>
    </TermList></Concept>
  </ConceptList>
</DescriptorRecord>
<DescriptorRecord DescriptorClass="1">
  <DescriptorUI>D900001</DescriptorUI>
  <DescriptorName><String>Sample Heart Diseases</String></DescriptorName>
  <TreeNumberList><TreeNumber>C14.900</TreeNumber></TreeNumberList>
  <ConceptList/>
</DescriptorRecord>
<DescriptorRecord DescriptorClass="1"><DescriptorUI>D900003</DescriptorUI></DescriptorRecord>
</DescriptorRecordSet>
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "terminology"


def run(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["terminology", *map(str, arguments)])
    return done.exit_code, done.output


def added(file: Path, folder: Path, *options: str) -> Terminology:
    status, output = run("add", file, "--terminology", folder, *options)
    assert status == 0, output
    return Terminology(sorted(folder.glob("*.db")))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp932"])
def test_a_table_is_added_listed_and_removed(tmp_path: Path, folder: Path, encoding: str) -> None:
    file = tmp_path / "ward.csv"
    file.write_bytes(TABLE.encode(encoding))
    status, output = run("add", file, "--terminology", folder, "--licence", "CC0")
    assert status == 0
    assert "line 5: the row has no name" in output
    assert "3 concepts" in output
    terminology = Terminology([folder / "ward.db"])
    concept = terminology.certain("転倒・転落")
    assert concept is not None
    assert concept.name == "転倒転落"
    assert {(la.text, la.kind) for la in concept.labels} >= {("falls", "preferred")}
    care = terminology.certain("DCARE")
    assert care is not None
    assert [c.name for c in terminology.broader(care)] == ["看護"]
    listed = run("list", "--terminology", folder)[1]
    assert "ward  (CC0)  added as ward" in listed
    assert "ships" in listed
    assert run("remove", "ward", "--terminology", folder) == (0, "ward removed\n")
    assert not list(folder.glob("*.db"))
    status, output = run("remove", "ward", "--terminology", folder)
    assert status == 1
    assert "there is: none" in output


def test_mesh_is_read_with_its_tree(tmp_path: Path, folder: Path) -> None:
    file = tmp_path / "desc.xml"
    file.write_text(MESH, encoding="utf-8")
    terminology = added(file, folder, "--name", "mesh", "--version", "2026")
    heart = terminology.certain("sample cardiac failures")
    assert heart is not None
    assert heart.name == "Sample Heart Failure"
    assert [(n.scheme, n.code) for n in heart.notations] == [
        ("MeSH", "D900002"),
        ("MeSH tree", "C14.900.100"),
    ]
    (note,) = terminology.scope_notes(heart)
    assert (note.text, note.language, note.source) == (
        *("A made-up condition of the heart.", "en"),
        "mesh",
    )
    assert terminology.qualifiers(heart) == ["drug therapy"]
    assert [c.name for c in terminology.broader(heart)] == ["Sample Heart Diseases"]
    assert {la.text: la.kind for la in heart.labels}["SHFX"] == "abbreviation"
    # What another concept of the record is called is not the same.
    assert terminology.certain("Sample Right Failure") is None


def test_descriptors_of_one_stem_stay_apart(tmp_path: Path, folder: Path) -> None:
    record = (
        "<DescriptorRecord><DescriptorUI>{}</DescriptorUI><DescriptorName><String>{}</String>"
        "</DescriptorName><TreeNumberList><TreeNumber>{}</TreeNumber></TreeNumberList>"
        "</DescriptorRecord>"
    )
    file = tmp_path / "desc.xml"
    written = (("D1", "Agings", "G1"), ("D2", "Aged", "M1"), ("D3", "Aged, Frail", "M1.2"))
    records = "".join(record.format(*row) for row in written)
    file.write_text(f"<DescriptorRecordSet>{records}</DescriptorRecordSet>", encoding="utf-8")
    terminology = added(file, folder)
    assert len(terminology.concepts_called("aging")) == 2
    (aging,) = terminology.meant("aging")
    assert not terminology.narrower(aging)
    (aged,) = terminology.meant("AGED")
    assert [c.name for c in terminology.narrower(aged)] == ["Aged, Frail"]
    assert terminology.headings(terminology.under(aged, 10) or ()) == {"aged", "aged frail"}


def test_what_is_the_same_in_two_files_is_one_with_all_that_lies_below(
    tmp_path: Path, folder: Path
) -> None:
    mesh = tmp_path / "desc.xml"
    mesh.write_text(MESH, encoding="utf-8")
    ward = tmp_path / "ward.csv"
    ward.write_text(
        "ja,en,broader\n見本心不全,sample heart failures,\n見本右心不全,,見本心不全\n",
        encoding="utf-8",
    )
    added(mesh, folder)
    terminology = added(ward, folder)
    (diseases,) = terminology.meant("sample heart diseases")
    (heart,) = terminology.narrower(diseases)
    assert {heart.preferred("ja"), heart.preferred("en")} == {"見本心不全", "sample heart failures"}
    assert [c.name for c in terminology.narrower(heart)] == ["見本右心不全"]
    below = terminology.under(diseases, 10)
    assert below is not None
    assert {"見本右心不全", "sample cardiac failure"} < terminology.headings(below)
    assert terminology.under(diseases, 2) is None
    assert [c.name for c in terminology.found("見本", 5)] == ["見本心不全", "見本右心不全"]
    assert terminology.coded("MeSH", "D900002") == (heart,)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("name,other\n心不全,x\n", "the first row has to name columns"),
        ("", "the first row has to name columns"),
        ("ja,en\n,\n", "no concept that can be used"),
    ],
)
def test_a_file_without_names_is_refused_and_nothing_changes(
    tmp_path: Path, folder: Path, text: str, reason: str
) -> None:
    file = tmp_path / "ward.csv"
    file.write_text(TABLE, encoding="utf-8")
    added(file, folder)
    before = (folder / "ward.db").read_bytes()
    file.write_text(text, encoding="utf-8")
    status, output = run("add", file, "--terminology", folder)
    assert status == 1
    assert reason in output
    assert (folder / "ward.db").read_bytes() == before


def test_what_should_be_looked_at_is_told(tmp_path: Path) -> None:
    file = tmp_path / "doubtful.tsv"
    file.write_text(
        "ja\tabbreviations\tbroader\n多発性硬化症\tMS\t神経疾患\n僧帽弁狭窄症\tMS\t\n"
        "甲\t\t乙\n乙\t\t甲\n",
        encoding="utf-8",
    )
    output = run("check", file)[1]
    assert "1 names of several concepts" in output
    assert "  MS\n" in output
    assert "1 broader names" in output
    assert "2 concepts that lie under themselves" in output
