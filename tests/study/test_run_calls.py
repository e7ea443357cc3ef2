"""Studies of calls: rows beside calls made one by one, and what is refused."""

from collections.abc import Callable

import pytest

from accelsim.arch.load_gpu import load_gpu
from accelsim.base.errors import AccelsimError
from accelsim.cost.gpu.call import call_cost
from accelsim.study.run import run_tables
from accelsim.study.study import Study
from accelsim.study.table import Table
from accelsim.workload.calls import Sdpa

Load = Callable[..., Study]

STUDY = """\
question: Which is faster?
calls:
  of: sdpa
  machines: [a100_sxm_80gb, h100_sxm]
  params: {p: 1, dtype: fp16, e: 128}
  kernels:
    whole: {backend: flash, splits: 1}
    lean: {backend: lean}
  tables:
  - name: equal
    params: {b: 2}
    vary:
      heads: {set: [h, g], to: [8, 32]}
      context: {set: m, to: [1024, 65536]}
  - name: ragged
    params: {h: 32, g: 8}
    lengths: {mean: mean_share, seed: 1}
    vary:
      mean_share: {to: [0.25, 0.5]}
      b: [4, 8]
      m: [8192, 6000000]
ratios:
- name: gains
  over: {table: equal, series: kernel, points: [machine, heads, context]}
  of: {whole: whole.latency_s / lean.latency_s}
  by: [machine]
"""


@pytest.fixture
def tables(load: Load) -> dict[str, Table]:
    return run_tables(load(STUDY))


def test_a_row_is_a_call_on_a_machine(tables: dict[str, Table]) -> None:
    rows = tables["equal"].rows()
    assert len(rows) == 2 * 2 * 2 * 2
    row = next(
        row
        for row in rows
        if (row["machine"], row["kernel"], row["heads"], row["context"])
        == ("h100_sxm", "lean", 32, 65536)
    )
    call = Sdpa(backend="lean", b=2, h=32, g=32, p=1, m=65536, e=128, dtype="fp16")
    cost = call_cost(call, load_gpu("h100_sxm"))
    assert (row["latency_s"], row["sustained_s"]) == (cost.seconds, cost.sustained_s)
    assert (row["bound"], row["blocks"], row["keys"]) == (cost.bound, 264, 2 * 65536)
    moved = 2 * 32 * 65536 * 128 * 2 * 2
    assert row["bandwidth_share"] == pytest.approx(moved / cost.seconds / 3.35e12, rel=0.01)
    assert row["reason"] == ""


def test_a_table_of_ratios_comes_after_the_others(tables: dict[str, Table]) -> None:
    assert list(tables) == ["equal", "ragged", "gains"]
    assert tables["gains"]["points"].tolist() == [4, 4]
    assert all(tables["gains"]["most"] > 2)


def test_rows_without_numbers_say_why(tables: dict[str, Table]) -> None:
    rows = tables["ragged"].rows()
    reasons = {(row["b"], row["mean_share"], row["m"]): row["reason"] for row in rows}
    assert reasons[8, 0.5, 8192] == ""
    assert "4 sequences cannot have 0.25 of the longest" in reasons[4, 0.25, 8192]
    # Half of 8 x 6e6 keys and values of 8 heads of 128 in fp16, and a little more.
    assert reasons[8, 0.5, 6_000_000].endswith("GB of operands, and 80 GB of memory")
    lacking = [row for row in rows if row["reason"]]
    assert all(row["latency_s"] is None and row["bound"] is None for row in lacking)


def test_other_values_of_an_axis_are_taken_in_all_tables(load: Load) -> None:
    study = load(STUDY, {"m": "2048", "heads": "8", "calls.machines": "h100_sxm"})
    found = run_tables(study)
    assert found["ragged"]["m"].tolist() == [2048] * 8
    assert len(found["equal"]) == 2 * 2


def test_settings_of_the_machine_are_for_all(load: Load) -> None:
    slow = run_tables(load(STUDY, {"arch.memories.HBM.bandwidth": "1 TB/s"}))["equal"]
    fast = run_tables(load(STUDY, {"arch.memories.HBM.bandwidth": "2 TB/s"}))["equal"]
    lean = slow["kernel"] == "lean"
    assert all(slow["latency_s"][lean] > fast["latency_s"][lean])


def test_products_have_times_and_no_slots(load: Load) -> None:
    text = """\
question: How long?
calls:
  of: gemm
  machines: h100_sxm
  kernels: {library: {}}
  tables: [{name: results, params: {n: 4096, k: 4096}, vary: {m: [1, 4096]}}]
"""
    rows = run_tables(load(text))["results"].rows()
    assert rows[0]["latency_s"] < rows[1]["latency_s"]
    assert rows[0]["slot_share"] is None and rows[0]["keys"] is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("of: sdpa", "of: spda", "no kernel 'spda'. Did you mean 'sdpa'?"),
        ("e: 128}", "e: 128, x: 3}", "sdpa cannot have these parameters: x"),
        ("lean: {backend: lean}", "lean: {backend: leen}", "these parameters: backend"),
        ("to: [8, 32]", "to: []", "the axis heads has no values"),
        ("to: [0.25, 0.5]", "to: [much]", "'much' is not a number"),
        ("mean: mean_share", "mean: share", "there is no axis 'share'"),
        ("by: [machine]", "by: [batch]", "batch is none of the points"),
        ("table: equal,", "table: eqal,", "no table 'eqal'. Did you mean 'equal'?"),
        ("h100_sxm]", "h100]", "no machine 'h100'"),
        ("calls:", "workload: scale.yaml\ncalls:", "a study has either 'tables' or"),
    ],
)
def test_a_slip_is_one_line_with_its_place(load: Load, old: str, new: str, message: str) -> None:
    with pytest.raises(AccelsimError) as raised:
        run_tables(load(STUDY.replace(old, new, 1)))
    assert message in str(raised.value)


def test_a_workload_is_nothing_to_set(load: Load) -> None:
    with pytest.raises(AccelsimError, match="there is no workload.ranks.M where a study is of cal"):
        run_tables(load(STUDY, {"workload.ranks.M": "3"}))
