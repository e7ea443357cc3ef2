"""Chunks of a sweep on a dask cluster: its workers evaluate and compress, whoever asked writes.

    --cluster tcp://10.0.0.7:8786     a scheduler that runs (`dask scheduler`, `dask worker`)
    --cluster slurm.yaml              one that is started, and ended with the sweep:

    kind: slurm                       slurm, pbs, sge, lsf, oar, htcondor; or local
    workers: 32
    options: {queue: short, cores: 1, memory: 4 GB, walltime: "02:00:00"}

Workers need accelsim of the same version, and the study's own files at the same paths. A chunk
whose worker is lost goes to another. Only the process that asked adds rows, a chunk when it is
whole, so nothing is lost or doubled with a worker. A few chunks more than there are workers are on
their way at any time; an adaptive sample, whose next points depend on the last, has one.
"""

import pickle
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.util import find_spec
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from accelsim.base.errors import Place, StudyError
from accelsim.base.record import Count, Record, read_record
from accelsim.base.yamlfile import read_yaml
from accelsim.study import batches
from accelsim.study.batches import number_of_points
from accelsim.study.chunk import Chunks
from accelsim.study.part import Part
from accelsim.study.points import Points

if TYPE_CHECKING:
    from distributed import Client, Future

WAITING_PER_WORKER = 2
TASKS_PER_WORKER = 8
MOST_TOGETHER = 4
ANSWER = "5s"
TRIES = 3
"""How many workers may be lost with a chunk before the chunk is taken to be the cause."""

_CLASSES = {
    "slurm": "SLURMCluster",
    "pbs": "PBSCluster",
    "sge": "SGECluster",
    "lsf": "LSFCluster",
    "oar": "OARCluster",
    "htcondor": "HTCondorCluster",
}


class Cluster(Record):
    """A cluster to start: `options` are those of the class of dask-jobqueue, or of LocalCluster."""

    kind: Literal["slurm", "pbs", "sge", "lsf", "oar", "htcondor", "local"]
    workers: Count
    options: dict[str, int | float | bool | str] = {}


class Workers:
    """An `Each` of `sweep`: chunks in whatever order they are done."""

    def __init__(self, client: "Client") -> None:
        self.client = client

    def __call__(
        self, chunks: Chunks, work: Iterable[tuple[int, Points]]
    ) -> Iterator[tuple[int, Part]]:
        from distributed import as_completed

        job = job_of(chunks)
        numbers: dict[Any, tuple[int, ...]] = {}
        together = self._together(chunks)
        left = iter(work)
        running: Any = as_completed()  # type: ignore[no-untyped-call]

        def submit() -> None:
            some = list(islice(left, together))
            if some:
                numbered, points = zip(*some, strict=True)
                future = self.client.submit(parts_of_job, job, points, pure=False)
                numbers[future.key] = numbered
                running.add(future)

        for _ in range(self._window(chunks)):
            submit()
        for future in running:
            yield from zip(numbers.pop(future.key), self._result(future), strict=True)
            submit()

    def _together(self, chunks: Chunks) -> int:
        """How many chunks a worker is sent at once: what a task costs dask, some 5 ms of whoever
        asked, matters where a chunk is one call of 50 ms; each worker gets several tasks."""
        if not chunks.are_quick:
            return 1
        number = number_of_points(chunks.study, chunks.table) // batches.CHUNK
        return min(max(1, number // (TASKS_PER_WORKER * self._workers())), MOST_TOGETHER)

    def _window(self, chunks: Chunks) -> int:
        if chunks.table.sample.method == "adaptive":
            return 1
        return WAITING_PER_WORKER * self._workers()

    def _workers(self) -> int:
        return max(1, len(self.client.scheduler_info()["workers"]))

    def _result(self, future: "Future[Any]") -> list[Part]:
        from distributed import KilledWorker
        from distributed.comm.core import CommClosedError

        try:
            found: list[Part] = future.result()
            return found
        except KilledWorker as error:
            fact = f"{TRIES + 1} workers were lost with the same chunk"
            remedy = "Give workers more memory; run it again and it goes on where it stopped"
            raise StudyError(fact, remedy=remedy) from error
        except (CommClosedError, OSError) as error:
            raise _lost(str(error)) from error


@contextmanager
def workers_of(cluster: str) -> Iterator[Workers]:
    """Those of a scheduler at an address, or of the cluster that a YAML file describes.

    Raises StudyError if there is no such scheduler, or the libraries are not installed.
    """
    if find_spec("distributed") is None:
        remedy = "Install them with `pip install 'accelsim[cluster]'`"
        raise StudyError("--cluster needs dask's libraries", remedy=remedy)
    if cluster.endswith((".yaml", ".yml")):
        with _started(cluster) as started, _client(started) as client:
            yield Workers(client)
        return
    try:
        client = _client(cluster)
    except (OSError, ValueError) as error:
        fact = f"no scheduler answers at {cluster!r}"
        raise StudyError(fact, remedy="Start `dask scheduler`, or give a YAML file") from error
    with client:
        yield Workers(client)


def _client(cluster: Any) -> "Client":
    import distributed

    return distributed.Client(cluster, timeout=ANSWER)  # type: ignore[no-untyped-call]


@contextmanager
def _started(file: str) -> Iterator[Any]:
    wanted = read_record(read_yaml(file), Cluster)
    try:
        with _class_of(wanted.kind)(**_options(wanted)) as cluster:
            if wanted.kind != "local":
                cluster.scale(wanted.workers)
            yield cluster
    except (TypeError, ValueError) as error:
        raise StudyError(f"options: {error}", at=Place(file)) from error


def _options(wanted: Cluster) -> dict[str, Any]:
    if wanted.kind != "local":
        return dict(wanted.options)
    return {"n_workers": wanted.workers, "threads_per_worker": 1, "dashboard_address": ":0"} | dict(
        wanted.options
    )


def _class_of(kind: str) -> Any:
    if kind == "local":
        from distributed import LocalCluster

        return LocalCluster
    # Its import takes Ctrl-C over, for the whole process.
    interrupt = signal.getsignal(signal.SIGINT)
    import dask_jobqueue

    signal.signal(signal.SIGINT, interrupt)
    return getattr(dask_jobqueue, _CLASSES[kind])


def _lost(reason: str) -> StudyError:
    remedy = "Run it again when it is back: it goes on where it stopped"
    return StudyError(f"the cluster is lost: {reason}", remedy=remedy)


# --- on a worker ---------------------------------------------------------------------------------


def job_of(chunks: Chunks) -> bytes:
    """What a worker needs beside the points."""
    return pickle.dumps((chunks.study, chunks.table, dict(chunks.runner.fixed), chunks.content))


def parts_of_job(job: bytes, each: Iterable[Points]) -> list[Part]:
    """The rows of chunks; a StudyError if this worker has other inputs than whoever asked."""
    chunks = _chunks(job)
    return [chunks.part(points) for points in each]


@lru_cache(maxsize=4)
def _chunks(job: bytes) -> Chunks:
    study, table, fixed, content = pickle.loads(job)
    chunks = Chunks(study, table, fixed)
    if chunks.content != content:
        fact = "a worker reads other inputs, or has another version, than the sweep"
        raise StudyError(fact, remedy="Give all workers the same files and the same accelsim")
    return chunks
