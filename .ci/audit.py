"""What pip-audit found, in a line.

    python .ci/audit.py REPORT.json

======  ==========================================================================================
status  meaning
======  ==========================================================================================
0       every package was looked up, and no vulnerability is known
1       a vulnerability is known
2       not audited: the service that knows vulnerabilities was not there, or does not know all of
        the packages (an index of one's own). That says nothing about them.
======  ==========================================================================================
"""

import json
import sys
from pathlib import Path

SOUND, VULNERABLE, NOT_AUDITED = 0, 1, 2


def main(report: Path) -> int:
    """Print the verdict; gives the exit status."""
    try:
        found = json.loads(report.read_text(encoding="utf-8"))["dependencies"]
    except FileNotFoundError:
        print("audit: NOT AUDITED: the service that knows vulnerabilities was not there")  # noqa: T201
        return NOT_AUDITED
    audited = [package for package in found if "vulns" in package]
    for package in audited:
        for vulnerability in package["vulns"]:
            fixed = ", ".join(vulnerability["fix_versions"]) or "no version yet"
            name = f"{package['name']} {package['version']}"
            print(f"audit: {name}: {vulnerability['id']}, fixed in {fixed}")  # noqa: T201
    missed = len(found) - len(audited)
    print(f"audit: {len(audited)} packages looked up, {missed} unknown to the service")  # noqa: T201
    if any(package["vulns"] for package in audited):
        return VULNERABLE
    if missed or not found:
        print("audit: NOT AUDITED: nothing is known of the others")  # noqa: T201
        return NOT_AUDITED
    return SOUND


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
