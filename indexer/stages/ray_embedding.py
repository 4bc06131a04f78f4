"""Embedding on a Ray cluster: each chunk of records goes to one of its hosts, which writes the
chunk's vectors where one machine alone would have written them.

The files of :mod:`indexer.stages.embed` are the checkpoints here, too: they are named by what they
hold and appear whole or not at all. So it does not matter how often a chunk is tried, by whom, or
whether a run that was begun on Ray is ended without: what is there is not embedded again, and the
library is put together from it in order, as ever. Ray Data's own checkpoints would be a second
truth beside it.

Hosts share the library's folder, at the same path, and have the same version of this package.
"""

import functools
import json
import logging
import os
import socket
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from indexer.stages.embed import checkpoint, embed_into, is_whole
from indexer.stages.preparation import RecordChunk
from indexer.stages.staging import BuildError
from search.encoder import Encoder, load_encoder
from search.encoder.encoder import Device
from search.extras import how_to_install

# Ray holds a block in memory for each; a host that ends tries its block again, less what is there.
_MOST_BLOCKS = 2000
# Seconds.
_PATIENCE = 10.0
# Chunks that are handed to an actor at once: a GPU shall have no pause between two.
_TOGETHER = {"cpu": 1, "cuda": 8}


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster by its address (``auto``, ``local``, or as ``ray start`` names it), and what
    each actor opens its model by."""

    address: str
    model: str
    device: Device


def embed_on_ray(
    cluster: Cluster,
    encoder: Encoder,
    chunks: Iterable[RecordChunk],
    checkpoints: Path,
    finished: Callable[[int], None],
) -> None:
    """Have the cluster write the vectors of every chunk into ``checkpoints``.

    ``encoder`` is the driver's own: it names the files, and the actors' have to be of the same
    model. ``finished`` is told the records of chunks that are done.

    Raises:
        BuildError: when the cluster cannot be reached, or a host cannot do its part.
    """
    load = functools.partial(_load, cluster.model, encoder.model.fingerprint, version("jmedsearch"))
    with_ray(cluster, load, _waiting(encoder, chunks, checkpoints, finished), finished)


def _waiting(
    encoder: Encoder,
    chunks: Iterable[RecordChunk],
    checkpoints: Path,
    finished: Callable[[int], None],
) -> list[Path]:
    """The files of the chunks that are to be embedded; what is to go into each lies beside it."""
    checkpoints.mkdir(parents=True, exist_ok=True)
    waiting = []
    for chunk in chunks:
        file = checkpoint(encoder, chunk, checkpoints).absolute()
        if is_whole(file):
            finished(chunk.records)
        else:
            _texts(file).write_text(json.dumps(asdict(chunk), ensure_ascii=False), "utf-8")
            waiting.append(file)
    return waiting


def with_ray(
    cluster: Cluster,
    load: Callable[[str], Encoder],
    waiting: list[Path],
    finished: Callable[[int], None],
) -> None:
    """Embed what lies beside the ``waiting`` files on every host of a cluster.

    ``load`` makes an actor's encoder for a device.

    Raises:
        BuildError: as :func:`embed_on_ray`.
    """
    if not waiting:
        return
    ray = _ray()
    _connect(ray, cluster.address)
    try:
        for done in _rows(ray, cluster.device, load, waiting):
            finished(done)
    except ray.exceptions.RayError as error:
        raise BuildError(
            f"Ray at {cluster.address}: {_cause(error)}; what is embedded is kept: run the same "
            "command again"
        ) from error
    finally:
        ray.shutdown()


def _connect(ray: Any, address: str) -> None:
    cannot = f"Ray at {address} cannot be reached"
    host, colon, port = address.rpartition(":")
    if colon and port.isdecimal():
        # Ray itself would try for minutes.
        try:
            socket.create_connection((host.strip("[]"), int(port)), _PATIENCE).close()
        except (OSError, OverflowError) as error:
            raise BuildError(f"{cannot} ({error})") from error
    try:
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise BuildError(f"{cannot} ({_cause(error)})") from error


def _rows(ray: Any, device: Device, load: Callable[[str], Encoder], waiting: list[Path]) -> Any:
    """The records of each chunk that is done, as they come."""
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    actors, resources, kind = _actors(ray, device)
    done = ray.data.from_items(
        [{"file": str(file)} for file in waiting],
        override_num_blocks=min(len(waiting), _MOST_BLOCKS),
    ).map_batches(
        _Embedder,
        fn_constructor_args=(load, kind),
        batch_size=_TOGETHER[kind],
        # As many as there are: with a range, Ray would begin with one and find no need for more.
        compute=ray.data.ActorPoolStrategy(size=actors),
        **resources,
    )
    for row in done.iter_rows():
        yield int(row["records"])


def _actors(ray: Any, device: Device) -> tuple[int, dict[str, float], str]:
    """How many actors there are to be, what each needs, and its device: one for each GPU, or else
    one for each host, which uses all its cores."""
    hosts = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    gpus = int(sum(host.get("GPU", 0) for host in hosts))
    if device == "cuda" or (device == "auto" and gpus):
        if not gpus:
            raise BuildError("no host of the Ray cluster has a GPU: leave out --device cuda")
        return gpus, {"num_gpus": 1}, "cuda"
    cores = [int(host["CPU"]) for host in hosts if host.get("CPU", 0) >= 1]
    if not cores:
        raise BuildError("no host of the Ray cluster has a core to give")
    each = min(cores)
    return sum(n // each for n in cores), {"num_cpus": each}, "cpu"


class _Embedder:
    """An actor: an encoder that stays loaded."""

    def __init__(self, load: Callable[[str], Encoder], device: str) -> None:
        self._encoder = load(device)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        files = [Path(file) for file in batch["file"]]
        records = []
        missing = []
        for file in files:
            chunk = _read(file)
            records.append(chunk.records)
            # Another actor may have been here before it was lost.
            if not is_whole(file):
                missing.append((chunk, file))
        for _ in embed_into(self._encoder, missing):
            pass
        return {"records": np.array(records)}


def _read(file: Path) -> RecordChunk:
    try:
        return RecordChunk(**json.loads(_texts(file).read_text("utf-8")))
    except FileNotFoundError as error:
        raise BuildError(
            f"{socket.gethostname()} does not see {file.parent}: the library's folder has to be "
            "shared with every host, at the same path"
        ) from error


def _texts(file: Path) -> Path:
    return file.with_suffix(".json")


def _load(model: str, fingerprint: str, release: str, device: str) -> Encoder:
    """An actor's encoder, once it is known to be the driver's."""
    host = socket.gethostname()
    if version("jmedsearch") != release:
        raise BuildError(f"{host} has jmedsearch {version('jmedsearch')}, not {release}")
    encoder = load_encoder(model, "cuda" if device == "cuda" else "cpu")
    if encoder.model.fingerprint != fingerprint:
        raise BuildError(f"{host} has another model under the name {model}")
    return encoder


def _ray() -> Any:
    # A library's operator is asked by nobody whether Ray may tell its makers.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # It warns of each actor that it makes itself.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    try:
        import ray
        import ray.data
    except ModuleNotFoundError as error:
        raise BuildError(f"the package for Ray is missing: {how_to_install('ray')}") from error
    logging.getLogger("ray").setLevel(logging.ERROR)
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    return ray


def _cause(error: BaseException) -> str:
    """What went wrong first: Ray's own message is a traceback of another process."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).strip().splitlines()[-1]
