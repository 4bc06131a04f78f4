"""Lists of identifiers into a collection: PMIDs and DOIs as people write them."""

from pathlib import Path

from search.exact import ExactSearch
from search.library.library import Library
from web.desk import items, shelf
from web.desk.additions import add_identifiers
from web.desk.desk import open_desk


def test_numbers_lead_to_records_however_they_are_written(
    hostile_library: Path, tmp_path: Path
) -> None:
    desk, library = open_desk(tmp_path / "collections.db"), Library(hostile_library)
    doi = "10.1000/(SICI)1-2<3::AID>4.0.CO;2-#"
    for text in ("123", "PMID: 123", "pmid:123", doi, f"https://doi.org/{doi}"):
        number = shelf.create(desk.store, "a", "list")
        intake = add_identifiers(
            *(desk.store, "a", number, f"{text}, 10.1/none"),
            generation=library.generation(),
            exact=ExactSearch(library),
        )
        assert items.record_ids(desk.store, number) == ["a/b:c//d e?f#g%2Fh"]
        assert intake.unknown == ("10.1/none",)
    desk.store.close()
