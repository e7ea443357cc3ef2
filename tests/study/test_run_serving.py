"""Studies of serving: rows beside runs made one by one, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from accelsim.arch.load_system import load_system, machines_of
from accelsim.base.catalogue import find
from accelsim.base.errors import AccelsimError
from accelsim.cost.system.costs import costs_of
from accelsim.cost.system.iteration import Batch
from accelsim.cost.system.plan import Plan, plan_of
from accelsim.sim.arrivals import at_once, read_trace
from accelsim.sim.system.serve import serve
from accelsim.study.run import run_tables
from accelsim.study.study import Study
from accelsim.study.table import Table
from accelsim.workload.model_load import load_model

Load = Callable[..., Study]

STUDY = """\
question: What does offloading gain?
serving:
  tables:
  - name: served
    by: simulation
    runs:
    - columns: {kind: apart}
      system: lamina_2h100_4h20
      models: llama3_70b
      set: {serving.prefill: elsewhere}
    - columns: {kind: together}
      system: vllm_4h100
      models: llama3_70b
      set: {serving.prefill: elsewhere, serving.overhead: =host.overhead}
    traces: [azure_code]
    requests: {azure_code: 300}
    most_tokens: 6000
    choices: {host: {none: {}, slow: {overhead: 10 ms}}}
  - name: full
    by: balance
    runs:
    - system: lamina_2h100_4h20
      models: [llama_65b, llama3_70b]
      set: {links.rdma.bandwidth: =rate GB/s}
    traces: [azure_conv]
    vary: {rate: {to: [1, 40]}}
  - name: once
    by: iteration
    runs:
    - {system: lamina_2h100_4h20, models: llama3_70b}
    vary:
      offload.batches: [1, 2]
      sequences: {set: batch.sequences, to: [64, 4096]}
      context: {set: batch.context, to: [4096]}
  - name: parts
    by: parts
    runs:
    - {system: vllm_4h100, models: llama3_70b}
    vary:
      sequences: {set: batch.sequences, to: [64]}
      context: {set: batch.context, to: [4096]}
"""


@pytest.fixture(scope="module")
def plan() -> Plan:
    system = load_system("lamina_2h100_4h20", {"serving.prefill": "elsewhere"})
    return plan_of(system, load_model("llama3_70b"), machines_of(system))


@pytest.fixture
def tables(load: Load) -> dict[str, Table]:
    return run_tables(load(STUDY))


def row_of(table: Table, **wanted: object) -> dict[str, object]:
    rows = [row for row in table.rows() if all(row[key] == wanted[key] for key in wanted)]
    assert len(rows) == 1, wanted
    return rows[0]


def test_a_row_is_a_run_of_the_simulation(tables: dict[str, Table], plan: Plan) -> None:
    requests = [
        each
        for each in at_once(read_trace("azure_code", requests=300))
        if each.prompt_tokens + each.output_tokens <= 6000
    ]
    summary = serve(plan, requests).summary
    row = row_of(tables["served"], kind="apart", host="none")
    assert row["requests"] == len(requests) < 300
    assert row["whole_tokens_per_s"] == summary.tokens_per_s
    assert row["usd_per_hour"] == pytest.approx(40.64)
    # They all fit at once, so that there is no time at which the system is kept full.
    assert row["tokens_per_s"] is None


def test_what_a_choice_does_not_say_is_left_out(tables: dict[str, Table]) -> None:
    def tbt_s(kind: str, host: str) -> float:
        return float(str(row_of(tables["served"], kind=kind, host=host)["tbt_p50_s"]))

    assert tbt_s("apart", "slow") == tbt_s("apart", "none")
    assert tbt_s("together", "slow") == pytest.approx(tbt_s("together", "none") + 0.01, rel=0.01)


def test_a_full_system_is_the_formula_on_paper(tables: dict[str, Table], plan: Plan) -> None:
    row = row_of(tables["full"], model="llama3_70b", rate=40)
    # Outputs vary by 0.771: a sequence met at random has more than half of a mean one.
    context = 1154.7 + 211.1 * (1 + 0.771**2) / 2
    assert row["context"] == pytest.approx(context)
    assert row["batch"] == int(plan.kv_tokens // (context + 8))
    assert row["tokens_per_s"] == pytest.approx(float(str(row["batch"])) / float(str(row["tbt_s"])))
    slow = row_of(tables["full"], model="llama3_70b", rate=1)
    assert float(str(slow["tokens_per_s"])) < 0.5 * float(str(row["tokens_per_s"]))
    assert slow["bound"] == "network"


def test_an_iteration_is_that_of_the_cost_model(tables: dict[str, Table], plan: Plan) -> None:
    row = row_of(tables["once"], sequences=64, **{"offload.batches": 2})
    iteration = costs_of(plan)(Batch(64, 64 * 4096))
    assert row["tbt_s"] == iteration.seconds
    # q and the result, k and v of an eighth: (2 + 2/8) e d B L bytes.
    assert row["sent_bytes"] == (2 + 2 / 8) * 2 * 8192 * 64 * 80
    full = row_of(tables["once"], sequences=4096, **{"offload.batches": 2})
    assert full["tbt_s"] is None
    assert full["reason"] == "16,777,216 tokens, and room for 1,054,687"


def test_parts_have_a_row_each(tables: dict[str, Table]) -> None:
    parts = {row["part"]: row["part_s"] for row in tables["parts"].rows()}
    assert list(parts) == ["tbt", "model", "attention", "network", "host"]
    assert parts["tbt"] == pytest.approx(sum(parts.values()) - parts["tbt"])


def test_how_far_it_is_is_told(load: Load) -> None:
    told: list[tuple[int, int]] = []
    run_tables(load(STUDY), progress=lambda done, total: told.append((done, total)))
    # Two choices make one job where no setting takes them.
    assert told == [(done, 12) for done in range(1, 13)]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("=rate GB/s", "=rte GB/s", "nothing is called 'rte'. Did you mean 'rate'?"),
        ("=host.overhead", "=host.overhed", "nothing is called 'host.overhed'"),
        (", serving.overhead: =host.overhead}", "}", "'host.overhead' is in no run"),
        ("{rate: {to: [1, 40]}}", "{rate: {to: []}}", "the axis rate has no values"),
        ("requests: {azure_code", "requests: {azure", "requests: there is no trace 'azure'"),
        ("context: {set: batch.context, to: [4096]}", "other: {set: x, to: [1]}", "needs axes of"),
        ("links.rdma.bandwidth", "links.rdma.bandwith", "has no 'bandwith'"),
        ("traces: [azure_conv]", "traces: []", "by: balance needs 'traces'"),
        ("models: llama3_70b\n      set", "models: llama\n      set", "no model 'llama'"),
        ("system: vllm_4h100\n", "system: vllm\n", "no system 'vllm'"),
        ("=rate GB/s", "=rate apples", "apples"),
    ],
)
def test_a_slip_is_one_line_with_its_place(load: Load, old: str, new: str, message: str) -> None:
    with pytest.raises(AccelsimError) as raised:
        run_tables(load(STUDY.replace(old, new, 1)))
    assert message in str(raised.value)


def test_a_workload_is_nothing_to_set(load: Load) -> None:
    with pytest.raises(
        AccelsimError, match="there is no workload.word where a study is of serving"
    ):
        run_tables(load(STUDY, {"workload.word": "2 B"}))


def test_a_system_may_lie_beside_the_study(load: Load, folder: Path) -> None:
    own = find("vllm_4h100", "systems").read_text(encoding="utf-8")
    (folder / "own.yaml").write_text(own.replace("11.06 USD/h", "1 USD/h"), encoding="utf-8")
    text = STUDY.replace("{system: vllm_4h100, models", "{system: own.yaml, models")
    study = load(text)
    assert study.serving is not None
    assert study.serving.tables[3].runs[0].system == str(folder / "own.yaml")
    assert run_tables(study)["parts"]["part_s"][0] > 0
