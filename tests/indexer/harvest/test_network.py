"""What an institution allows: nothing, unless a file says so."""

from pathlib import Path

import pytest

from indexer.harvest.harvest_errors import HarvestError, NetworkError
from indexer.harvest.known_sources import open_source
from indexer.harvest.network import read_network

SOUND = 'contact = "library@hospital.example"\nsources = ["pubmed", "cinii"]\n'


def written(folder: Path, text: str) -> Path:
    file = folder / "network.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_without_a_file_nobody_is_asked() -> None:
    with pytest.raises(NetworkError, match="JMEDSEARCH_NETWORK names the file"):
        read_network(None)


def test_a_source_that_is_not_named_is_not_asked(tmp_path: Path) -> None:
    network = read_network(written(tmp_path, SOUND))
    with pytest.raises(NetworkError, match=r"openalex is not among .*pubmed, cinii"):
        open_source("openalex", network)


def test_keys_stand_in_the_file_or_in_one_of_their_own_and_are_never_shown(tmp_path: Path) -> None:
    (tmp_path / "appid").write_text("0123456\n")
    network = read_network(
        written(tmp_path, f'{SOUND}[pubmed]\nkey = "secret"\n[cinii]\nkey_file = "appid"\n')
    )
    assert network.of("pubmed").key == "secret"
    assert network.of("cinii").key == "0123456"
    assert "secret" not in repr(network)


def test_cinii_and_openalex_need_a_key(tmp_path: Path) -> None:
    network = read_network(written(tmp_path, SOUND.replace('"pubmed"', '"openalex"')))
    with pytest.raises(HarvestError, match="appid"):
        open_source("cinii", network)
    with pytest.raises(HarvestError, match="key of openalex"):
        open_source("openalex", network)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("contact = ", "no TOML"),
        ('sources = ["pubmed"]', "contact: Field required"),
        ('contact = "the library"\nsources = []', "contact: "),
        ('contact = "a@b.example"\nsources = ["google"]', "sources.0: "),
        (SOUND + "[pubmed]\nkee = 'x'", "kee is no setting"),
        (SOUND + "[google]\nkey = 'x'", "google is no setting"),
        (SOUND + "[pubmed]\nkey = 'two words'", "no key"),
        (SOUND + "[pubmed]\nkey_file = 'nowhere'", "key_file of pubmed cannot be read"),
        (SOUND + "[pubmed]\nbase = 'file:///etc/passwd'", "base of pubmed is no address"),
        (SOUND + "[pubmed]\nrequests_per_second = 50", "for a mirror alone"),
        (SOUND + "[pubmed]\nkey = 7", "key: "),
        ("proxy = 'hospital'\n" + SOUND, "proxy is no address"),
    ],
)
def test_what_is_wrong_is_named(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match=told):
        read_network(written(tmp_path, text))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="No such file"):
        read_network(tmp_path / "nowhere.toml")
