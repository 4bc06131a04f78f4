"""What is installed holds all that the packages read: a wheel is not a checkout."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = ("indexer", "search", "web")
# Only the extraction of messages reads it, in a checkout.
NOT_INSTALLED = {"web/translations/babel.cfg"}


def committed_data() -> set[str]:
    """The files of the packages that are no Python, as git knows them."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: nothing says which files belong to the packages")
    listed = subprocess.run(
        ["git", "ls-files", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {name for name in listed.stdout.splitlines() if not name.endswith(".py")}


def packaged_data() -> set[str]:
    """The files that pyproject.toml has setuptools put into a wheel."""
    patterns = PROJECT["tool"]["setuptools"]["package-data"]
    return {
        str(file.relative_to(ROOT))
        for package, globs in patterns.items()
        for pattern in globs
        for file in (ROOT / package).glob(pattern)
        if file.is_file()
    }


def test_a_wheel_holds_every_file_that_the_packages_read() -> None:
    assert committed_data() - packaged_data() == NOT_INSTALLED


def test_every_pattern_of_package_data_finds_something() -> None:
    for package, globs in PROJECT["tool"]["setuptools"]["package-data"].items():
        for pattern in globs:
            assert any((ROOT / package).glob(pattern)), f"{package}: {pattern}"


def test_every_folder_of_python_is_a_package() -> None:
    folders = {file.parent for package in PACKAGES for file in (ROOT / package).rglob("*.py")}
    assert all((folder / "__init__.py").is_file() for folder in folders)


def pinned(file: str) -> dict[str, set[str]]:
    """The versions that a file of requirements names for each distribution."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([\w.-]+)==([\w.+!]+)", line):
            found.setdefault(canonicalize_name(match[1]), set()).add(match[2])
    return found


def test_every_dependency_is_pinned_within_its_bounds() -> None:
    project = PROJECT["project"]
    constraints = pinned("constraints.txt")
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    for requirement in map(Requirement, {name for group in groups for name in group}):
        if requirement.name == project["name"]:
            continue  # an extra that takes another one along
        versions = constraints[canonicalize_name(requirement.name)]
        assert all(version in requirement.specifier for version in versions), requirement


def test_the_lock_is_the_base_install_with_hashes() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked, constraints = pinned("requirements.lock"), pinned("constraints.txt")
    needed = {canonicalize_name(Requirement(d).name) for d in PROJECT["project"]["dependencies"]}
    assert needed <= set(locked)
    assert {name: versions - constraints.get(name, set()) for name, versions in locked.items()} == {
        name: set() for name in locked
    }
    entries = re.split(r"\n(?=[a-z])", text)
    assert all("--hash=sha256:" in entry for entry in entries if "==" in entry.split("\n")[0])


@pytest.mark.parametrize("file", ["constraints.txt", "requirements.lock"])
def test_pins_name_no_package_index(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    assert "://" not in text
    assert "--find-links" not in text
