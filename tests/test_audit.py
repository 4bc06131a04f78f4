"""What the audit of the dependencies says, and that not knowing is no pass."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

AUDIT = Path(__file__).parents[1] / ".ci" / "audit.py"
SOUND = {"name": "flask", "version": "3.1.0", "vulns": []}
VULNERABLE = SOUND | {"vulns": [{"id": "PYSEC-1", "fix_versions": ["3.1.1"]}]}
UNKNOWN = {"name": "flask", "skip_reason": "Dependency not found"}


@pytest.mark.parametrize(
    ("packages", "status", "said"),
    [
        ([SOUND], 0, "1 packages looked up, 0 unknown"),
        ([VULNERABLE, UNKNOWN], 1, "flask 3.1.0: PYSEC-1, fixed in 3.1.1"),
        ([SOUND, UNKNOWN], 2, "NOT AUDITED"),
        ([UNKNOWN], 2, "0 packages looked up, 1 unknown"),
        ([], 2, "NOT AUDITED"),
        (None, 2, "NOT AUDITED"),
    ],
)
def test_what_is_not_known_is_no_pass(
    tmp_path: Path, packages: list[dict[str, object]] | None, status: int, said: str
) -> None:
    report = tmp_path / "report.json"
    if packages is not None:
        report.write_text(json.dumps({"dependencies": packages}), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(AUDIT), str(report)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (status, "")
    assert said in done.stdout
