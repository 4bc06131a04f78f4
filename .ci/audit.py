"""What pip-audit found, in a line.

    python .ci/audit.py REPORT.json

Ends with 1 where a vulnerability is known. Where the service that knows them could not be asked, or
does not know the packages (an index of one's own), that is said, and is no failure: it says nothing
about the dependencies.
"""

import json
import sys
from pathlib import Path


def main(report: Path) -> int:
    """Print the verdict; gives the exit status."""
    if not report.is_file():
        print("audit: the service that knows vulnerabilities could not be asked")  # noqa: T201
        return 0
    found = json.loads(report.read_text(encoding="utf-8"))["dependencies"]
    audited = [package for package in found if "vulns" in package]
    for package in audited:
        for vulnerability in package["vulns"]:
            fixed = ", ".join(vulnerability["fix_versions"]) or "no version yet"
            name = f"{package['name']} {package['version']}"
            print(f"audit: {name}: {vulnerability['id']}, fixed in {fixed}")  # noqa: T201
    skipped = len(found) - len(audited)
    print(f"audit: {len(audited)} packages looked at, {skipped} unknown to the service")  # noqa: T201
    return int(any(package["vulns"] for package in audited))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
