"""Measuring with the processor in the place of both devices: rows, errors, resuming, the limit."""

import csv
import json

import pytest

from accelsim.base.errors import InputError
from accelsim.cli.main import main

torch = pytest.importorskip("torch")

from accelsim.validation.offload import run as offload  # noqa: E402
from accelsim.validation.offload.cases import DecodeLayer, plan_of  # noqa: E402
from accelsim.validation.offload.decode import (  # noqa: E402
    parts_of,
    prepared_layer,
    timed_layer,
)
from accelsim.validation.offload.devices import CpuPair  # noqa: E402
from accelsim.validation.offload.link import copies_in_a_chain  # noqa: E402
from accelsim.validation.offload.ranks import Ranks  # noqa: E402
from accelsim.validation.offload.run import OFFLOAD_COLUMNS, measure_offload  # noqa: E402

COPY = ("peer_copy", {"bytes": 4096})


def layer(place, **other):
    return ("decode_layer", {"model": "tiny", "b": 2, "m": 8, "place": place, **other})


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
    for enable in ("flash", "cudnn", "mem_efficient", "math"):
        getattr(torch.backends.cuda, f"enable_{enable}_sdp")(True)


@pytest.fixture
def measured(tmp_path):
    def measured(*cases, limit_s=None):
        listed = tmp_path / "cases.csv"
        with listed.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("kernel", "params"))
            writer.writerows((kernel, json.dumps(params)) for kernel, params in cases)
        out = tmp_path / "measured.csv"
        counts = measure_offload(listed, out, limit_s, "cpu")
        with out.open(newline="") as file:
            return counts, list(csv.DictReader(file))

    return measured


def test_a_layer_on_one_device_and_over_two_has_its_times_and_those_of_its_parts(measured):
    counts, (one, apart) = measured(layer("one"), layer("apart"))
    assert counts == (2, 0, 0, 0)
    parts = json.loads(one["parts"])
    assert tuple(one) == OFFLOAD_COLUMNS and one["error"] == ""
    assert float(one["min_ms"]) <= float(one["ms"]) <= float(one["max_ms"])
    assert parts["backend"] == "flash" and parts["difference"] == 0 and parts["layers"] == 4
    both = {"queued_ms", "before_ms", "attention_ms", "after_ms"}
    assert {name for name in parts if name.endswith("_ms")} == both
    sent = {"query_ms", "keys_values_ms", "result_ms"}
    parts = json.loads(apart["parts"])
    assert {name for name in parts if name.endswith("_ms")} == both | sent
    assert all(parts[name] > 0 for name in both | sent)


def test_a_copy_has_its_time_alone_and_among_others(measured):
    _, (row,) = measured(COPY)
    parts = json.loads(row["parts"])
    assert float(row["ms"]) > 0 and parts.pop("form") == "call" and parts.pop("peer_access")
    assert set(parts) == {"back_to_back_ms", "chain_ms", "half_round_trip_ms", "both_ways_ms"}
    assert parts["both_ways_ms"] > parts["chain_ms"]


def test_two_processes_send_and_add_up(measured):
    counts, (sent, added) = measured(("nccl_send", {"bytes": 64}), ("all_reduce", {"bytes": 64}))
    assert counts == (2, 0, 0, 0), [sent["error"], added["error"]]
    assert set(json.loads(sent["parts"])) == {"back_to_back_ms", "half_round_trip_ms"}
    assert set(json.loads(added["parts"])) == {"back_to_back_ms"}
    assert float(added["ms"]) > 0 and int(added["runs"]) >= 10


def test_processes_that_do_not_answer_are_ended_and_not_asked_again():
    ranks = Ranks("cpu", answer_s=0.01)
    with pytest.raises(InputError, match="no answer in time"):
        ranks.ask("all_reduce", 64)
    with pytest.raises(InputError, match="failed before: no answer in time"):
        ranks.ask("all_reduce", 64)
    ranks.close()


def test_what_fails_is_a_row_with_its_error_and_the_others_run(measured):
    large = layer("one", b=10**6, m=10**6)
    counts, (failed, fine) = measured(large, COPY)
    assert counts == (1, 1, 0, 0)
    assert failed["error"].startswith("does not fit: ") and "GiB wanted on cpu" in failed["error"]
    assert failed["ms"] == failed["parts"] == "" and fine["error"] == ""


def test_a_device_that_has_failed_measures_nothing_more(measured, monkeypatch):
    def fails(device):
        raise RuntimeError("an illegal memory access was encountered")

    freed = iter([lambda device: None, fails])
    monkeypatch.setattr(offload, "free", lambda device: next(freed)(device))
    with pytest.raises(InputError, match="the device has failed: an illegal memory access"):
        measured(COPY, layer("one"), layer("apart"))
    monkeypatch.undo()
    assert measured(COPY, layer("one"))[0] == (1, 0, 1, 0)


def test_a_file_is_resumed_and_a_limit_leaves_the_rest(measured):
    assert measured(COPY, layer("one"), limit_s=-1) == ((0, 0, 0, 2), [])
    assert measured(COPY)[0] == (1, 0, 0, 0)
    counts, rows = measured(COPY, layer("one"), limit_s=60)
    assert counts == (1, 0, 1, 0)
    assert [row["kernel"] for row in rows] == ["peer_copy", "decode_layer"]


def test_a_table_of_other_measurements_is_not_appended_to(tmp_path, measured):
    (tmp_path / "measured.csv").write_text("kernel,params,ms\n")
    with pytest.raises(InputError, match="none of measurements"):
        measured(COPY)


class ManyCaches(CpuPair):
    """A processor that seems to have an L2 cache of three layers' keys and values."""

    l2_bytes = 1024


@pytest.mark.parametrize("place", ["one", "apart"])
def test_layers_take_turns_at_weights_and_caches(place):
    call = DecodeLayer(model="tiny", b=2, m=8, place=place, backend="math")
    bench = prepared_layer(call, ManyCaches())
    assert bench.plan == plan_of(bench.layer.shape, 2, 8, 1024)
    assert len(bench.weights) > 1 and len(bench.caches) > 1
    before = [cache.clone() for cache in bench.caches]
    bench.run()
    assert all(not torch.equal(old, new) for old, new in zip(before, bench.caches, strict=True))
    assert [id(cache) for _, cache in bench.turns()][:2] == [id(c) for c in bench.caches[:2]]


def test_the_parts_one_after_the_other_are_the_layer():
    call = DecodeLayer(model="tiny", b=2, m=8, place="apart", backend="math")
    bench = prepared_layer(call, CpuPair())
    expected = bench.step(bench.hidden, bench.weights[0], bench.caches[0])
    for tensor in bench.arrived:
        tensor.zero_()
    parts = parts_of(bench)
    assert list(parts) == ["before", "query", "keys_values", "attention", "result", "after"]
    assert torch.equal([part(0) for part in parts.values()][-1], expected)


def test_a_layer_takes_what_its_run_takes_over_its_layers():
    class Seconds(CpuPair):
        def times_ms(self, run, runs):
            run()
            return [8.0] * runs

    call = DecodeLayer(model="tiny", b=2, m=8, place="one", backend="math")
    pair = Seconds()
    found = timed_layer(prepared_layer(call, pair), pair)
    assert found["ms"] == 2.0 and found["parts"]["before_ms"] == 2.0


@pytest.mark.parametrize(("size_bytes", "copies"), [(1024, 20), (2**24, 16), (2**30, 4)])
def test_chains_of_much_are_short(size_bytes, copies):
    assert copies_in_a_chain(size_bytes) == copies


def test_the_command_measures_and_says_what_it_left(tmp_path, capsys):
    listed, out = tmp_path / "cases.csv", tmp_path / "measured.csv"
    listed.write_text('kernel,params\npeer_copy,"{""bytes"": 64}"\n')
    words = ["measure", "--offload", "--device", "cpu", "--cases", str(listed), "--out", str(out)]
    for more, said in ([], "1 cases measured"), ([], "1 there already"), (["--json"], '"there": 1'):
        with pytest.raises(SystemExit) as ended:
            main([*words, *more])
        assert ended.value.code == 0 and said in capsys.readouterr().out


def test_without_cases_the_remedy_is_named(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["measure", "--out", str(tmp_path / "m.csv"), "--device", "cpu"])
    assert ended.value.code == 2 and "--cases" in capsys.readouterr().err


def test_the_columns_are_those_of_other_measurements_and_parts():
    others = [name for name in OFFLOAD_COLUMNS if name != "parts"]
    assert tuple(others) == offload.COLUMNS
