"""What a library of a given size takes: machines, memory, disk, hours and money, by computation.

    python benchmarks/plan.py [--passages 40e6 200e6 1e9] [--gpus 8] [--cores 64]

Every figure below says where it comes from; docs/scale.md is the table that this prints, and says
what it leaves out. One passage a record is assumed, as in PubMed. Milvus holds the live generation
in memory, and the next one beside it while that is published and until all web processes have moved
on: machines have to be large enough for both, and are paid for both.
"""

import argparse
from typing import NamedTuple

GIB = 2**30
MONTH = 730


class Figure(NamedTuple):
    """A parameter: its value, and where it was measured or published."""

    value: float
    source: str


# Bytes a passage, 384 dimensions.
VECTORS_ON_DISK = Figure(3000, "measured: jaquad, f16 rows and 8-bit sentences")
RECORDS = Figure(2500, "measured: architecture.md, a million records")
TERMS = Figure(1500, "measured: architecture.md")
LEXICAL = Figure(1600, "measured: jaquad")
# Generations in Milvus's memory at once, at most.
GENERATIONS = Figure(2, "by design: milvus.md, publishing and following")
CODES = Figure(104, "measured: speed.md, ivf-pq in memory")
HNSW = Figure(4 * 384 + 2 * 4 * 32, "published: FAISS wiki, Guidelines to choose an index, M = 32")
SQ8 = Figure(384 + 8, "published: as above; one byte a number, and its id")
# Passages a second.
CORE = Figure(54, "measured: speed.md, a core with AVX-512 and bf16, 169 tokens")
GPU = Figure(2800 / 6, "published: SBERT's table, all-mpnet-base-v2 on a V100; a sixth, for length")
LOADED = Figure(2600, "measured: milvus.md, one client, before indexing")
# Seconds of one core a record: what the driver does alone.
DRIVER = Figure(0.0075, "measured: architecture.md, reading to publishing without the encoder")
# Dollars an hour.
GIB_HOUR = Figure(0.0816 / 8, "published: AWS m7g.large, us-east-1, June 2026")
GPU_HOUR = Figure(1.006, "published: AWS g5.xlarge, us-east-1, June 2026")
CORE_HOUR = Figure(0.34 / 8, "published: AWS c5.2xlarge, us-east-1")


def plan(passages: float, gpus: int, cores: int) -> dict[str, str]:
    """The rows of the table for one size."""
    replica = passages * sum(f.value for f in (VECTORS_ON_DISK, RECORDS, TERMS, LEXICAL))
    gpu_hours = passages / GPU.value / 3600
    core_hours = passages / CORE.value / 3600
    dollars = GENERATIONS.value * GIB_HOUR.value * MONTH
    hnsw, sq8, codes = (passages * f.value / GIB for f in (HNSW, SQ8, CODES))
    return {
        "passages": f"{passages / 1e6:,.0f} M",
        "replica on disk": f"{replica / 1e12:,.2f} TB",
        "one machine: codes in memory": f"{codes:,.0f} GiB",
        "Milvus, HNSW in memory": f"{hnsw:,.0f} GiB",
        "HNSW, while publishing": f"{hnsw * GENERATIONS.value:,.0f} GiB",
        "Milvus, 8-bit codes": f"{sq8:,.0f} GiB",
        "8-bit codes, while publishing": f"{sq8 * GENERATIONS.value:,.0f} GiB",
        f"embedding, {gpus} GPUs": f"{gpu_hours / gpus:,.0f} h, "
        f"{gpu_hours * GPU_HOUR.value:,.0f} $",
        f"embedding, {cores} cores": f"{core_hours / cores:,.0f} h, "
        f"{core_hours * CORE_HOUR.value:,.0f} $",
        "driver alone": f"{passages * DRIVER.value / 3600:,.0f} h",
        "loading Milvus, one client": f"{passages / LOADED.value / 3600:,.0f} h",
        "memory for HNSW, a month": f"{hnsw * dollars:,.0f} $",
        "memory for 8-bit codes, a month": f"{sq8 * dollars:,.0f} $",
    }


def main() -> None:
    """Print the parameters and the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--passages", nargs="+", type=float, default=[40e6, 200e6, 1e9])
    parser.add_argument("--gpus", type=int, default=8)
    parser.add_argument("--cores", type=int, default=64)
    arguments = parser.parse_args()
    print("| parameter | value | source |\n|---|---|---|")
    for name, figure in globals().items():
        if isinstance(figure, Figure):
            print(f"| {name.lower().replace('_', ' ')} | {figure.value:,.4g} | {figure.source} |")
    plans = [plan(p, arguments.gpus, arguments.cores) for p in arguments.passages]
    print()
    for number, row in enumerate(plans[0]):
        print(f"| {row} | {' | '.join(p[row] for p in plans)} |")
        if number == 0:
            print("|---" * (1 + len(plans)) + "|")


if __name__ == "__main__":
    main()
