"""pip install in a line a package; what goes wrong is shown whole.

python .ci/install.py -c constraints.txt -e .
"""

import os
import re
import subprocess
import sys
import time


def shown(line: str) -> str | None:
    """What a newcomer reads of a line of pip's: the package, what is downloaded, the last step."""
    if match := re.match(r"Collecting ([\w.-]+)", line):
        return f"  {match[1]}"
    if match := re.match(r" *Downloading (\S+) (\(.+\))", line):
        return None if match[1].endswith(".metadata") else f"    downloading {match[2][1:-1]}"
    if match := re.match(r"Installing collected packages: (.+)", line):
        return f"Unpacking {len(match[1].split(','))} packages …"
    return None


def _compile_what_starting_imports() -> None:
    """Have the command's modules compiled, so that no start has to do it."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, "-c", "import web.cli"], env=environment, check=False)


def main(arguments: list[str]) -> int:
    """Run pip with ``arguments``; gives its exit status."""
    started = time.monotonic()
    print(f"Installing into {sys.prefix} …", flush=True)  # noqa: T201
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
    # Only what is used is compiled: compiling all takes a third of the time and 110 MB.
    command = [*pip, "--progress-bar", "off", "--no-compile", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            if text := shown(line):
                print(text, flush=True)  # noqa: T201
    if process.returncode == 0:
        _compile_what_starting_imports()
        print(f"Installed in {time.monotonic() - started:.0f} s")  # noqa: T201
    return process.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
