"""How fast a sweep is, rows on disk included. Run with `make benchmark`."""

import resource
from contextlib import ExitStack
from pathlib import Path
from time import process_time

import pytest
from distributed import LocalCluster
from pytest_benchmark.fixture import BenchmarkFixture

from accelsim.study.batches import first_points
from accelsim.study.distribute import Workers, job_of, parts_of_job
from accelsim.study.frame import Swept
from accelsim.study.load import load_study
from accelsim.study.sweep import chunks_of, evaluators, rows_in, swept, tables_to_sweep

MILLION = """\
question: Which bandwidth, buffer and array serve one-pass attention best at which length?
tables:
- name: results
  vary:
    bandwidth_bytes_per_s:
      {set: arch.memories.DRAM.bandwidth, from: 25 GB/s, to: 800 GB/s, steps: 32, log: true}
    buffer_bytes:
      {set: arch.memories.GlobalBuffer.capacity, from: 1 MiB, to: 64 MiB, steps: 32, log: true}
    pes:
      set: [arch.compute.Array2D.rows, arch.compute.Array2D.columns, arch.compute.Array1D.columns]
      from: 32
      to: 512
      steps: 31
    seq_len:
      {set: [workload.ranks.P, workload.ranks.M], from: 1024, to: 262144, steps: 32, log: true}
  measures:
    latency_s: latency_s
    energy_pj: energy_pj
    area_um2: area_um2
    traffic_bytes: traffic_bytes.DRAM
    bound: bound
    fits: fits
  runs:
  - parts: [{workload: attention/one_pass, arch: fusemax_cloud, mapping: fusemax_binding}]
"""


def test_a_million_points_of_the_one_pass_cascade(
    benchmark: BenchmarkFixture, tmp_path: Path
) -> None:
    """Bandwidth x buffer x array x length; the target is 20 s with Parquet, in bounded memory."""
    file = tmp_path / "million.yaml"
    file.write_text(MILLION, encoding="utf-8")

    def run() -> Swept:
        study = load_study(file)
        (table,) = tables_to_sweep(study)
        with rows_in(tmp_path / "out", chunks := chunks_of(study, table)) as rows:
            return swept(chunks, rows)

    start = process_time()
    found = benchmark.pedantic(run, rounds=1)
    benchmark.extra_info["processor_s"] = process_time() - start
    assert (found.points, found.failed) == (1_015_808, 0)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    benchmark.extra_info["peak_bytes"] = most
    assert most < 1e9


@pytest.mark.parametrize("workers", [1, 2])
def test_four_million_points_on_workers(
    benchmark: BenchmarkFixture, tmp_path: Path, workers: int
) -> None:
    """With Parquet, on processes of a dask cluster that have evaluated a chunk before: half as long
    on two cores. `collecting_s` is this process' own time, beside which no worker has a core."""
    file = tmp_path / "four_million.yaml"
    file.write_text(MILLION.replace("800 GB/s, steps: 32", "800 GB/s, steps: 128"), "utf-8")
    study = load_study(file)
    (table,) = tables_to_sweep(study)
    chunks = chunks_of(study, table)
    options = {"threads_per_worker": 1, "dashboard_address": ":0"}
    with ExitStack() as opened:
        cluster = opened.enter_context(LocalCluster(n_workers=workers, **options))
        each = opened.enter_context(evaluators(cluster.scheduler_address))
        rows = opened.enter_context(rows_in(tmp_path / "out", chunks))
        assert isinstance(each, Workers)
        each.client.run(parts_of_job, job_of(chunks), [first_points(study, table)])
        mine, theirs = process_time(), sum(each.client.run(process_time).values())
        found = benchmark.pedantic(lambda: swept(chunks, rows, each), rounds=1)
        benchmark.extra_info["collecting_s"] = process_time() - mine
        benchmark.extra_info["workers_s"] = sum(each.client.run(process_time).values()) - theirs
    assert (found.points, found.failed) == (4_063_232, 0)
