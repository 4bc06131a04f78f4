"""Makes the terminology that ships.

    python -m indexer.terminology.bundle FOLDER_OF_SOURCES

Writes ``search/terminology/terminology.db`` and prints what is in it as JSON.
"""

import json
import sys
from collections import Counter
from pathlib import Path

import search.terminology
from indexer.terminology.bundled_sources import bundled_sources
from indexer.terminology.joining import joined
from indexer.terminology.term_file import write_terminology

TERMINOLOGY = Path(search.terminology.__file__).with_name("terminology.db")


def main() -> None:
    """Read the sources, join them, write the file."""
    sources = bundled_sources(Path(sys.argv[1]))
    concepts = joined(sources)
    # A concept with one name and nothing else tells nobody anything.
    told = [c for c in concepts if len(c.labels) > 1 or c.notations or c.broader]
    named = list(dict.fromkeys(source.source for source in sources))
    write_terminology(TERMINOLOGY, told, named)
    languages = Counter(
        "+".join(sorted({language for (_, language, _), _ in c.labels.values()})) for c in told
    )
    kinds = Counter(kind for c in told for (_, _, kind), _ in c.labels.values())
    size = TERMINOLOGY.stat().st_size
    told_of = {"bytes": size, "concepts": len(told), "languages": languages, "labels": kinds}
    sys.stdout.write(json.dumps(told_of, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
