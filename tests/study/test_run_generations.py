"""Studies of test-time compute: rows, laws beside them, and what is refused."""

from collections.abc import Callable

import pytest

from accelsim.arch.gpu import Gpu
from accelsim.arch.load_gpu import load_gpu
from accelsim.base.errors import AccelsimError
from accelsim.cost.eflops import LAWS, Sizes, Work
from accelsim.cost.system.buckets import Bucketed
from accelsim.cost.system.effort import in_stream
from accelsim.cost.system.generation import Asked, generations
from accelsim.study.run import run_tables
from accelsim.study.study import Study
from accelsim.study.table import Table
from accelsim.workload.model_load import load_model
from accelsim.workload.trials import BlockTopK, Dense, Paged, Trials

Load = Callable[..., Study]

STUDY = """\
question: What does it cost?
generations:
  machines: {h200_sxm: flash3}
  page: 16
  selection: {block: 16, blocks: 64, local: 16}
  parameters: {qwen3_0_6b: 752000000, qwen3_32b: 32760000000}
  nodes_per_octave: 2
  tables:
  - name: costs
    vary:
      model: [qwen3_0_6b, qwen3_32b]
      attention: [dense, block_top_k]
      prompt: [256]
      problems: [1]
      trials: [1, 16]
      generated: [4096, 2048, 16384]
  - name: layer
    vary:
      {model: [qwen3_0_6b], layers: [7], attention: [dense], prompt: [64], problems: [2],
       trials: [1], generated: [1]}
  agreement:
  - {name: agreement, over: costs, by: [machine, attention]}
"""


@pytest.fixture
def tables(load: Load) -> dict[str, Table]:
    return run_tables(load(STUDY))


def row_of(table: Table, **where: object) -> dict[str, object]:
    found = [r for r in table.rows() if all(r[name] == value for name, value in where.items())]
    assert len(found) == 1
    return found[0]


def test_a_row_is_a_generation_on_a_machine(tables: dict[str, Table]) -> None:
    assert len(tables["costs"]) == 2 * 2 * 2 * 3
    row = row_of(
        tables["costs"], model="qwen3_0_6b", attention="block_top_k", trials=16, generated=4096
    )
    gpu = in_stream(load_gpu("h200_sxm"))
    assert isinstance(gpu, Gpu)
    found = generations(
        load_model("qwen3_0_6b"),
        Asked(gpu),
        BlockTopK(16, 64, 16),
        Trials(1, 16, 256),
        Paged("flash3", 16),
        [2048, 4096, 16384],
        Bucketed(2),
    )[1]
    assert row["latency_s"] == pytest.approx(found.seconds)
    assert row["energy_j"] == pytest.approx(found.joules)
    parts = ("layers_s", "head_s", "attention_s", "selecting_s")
    assert row["latency_s"] == pytest.approx(sum(float(str(row[part])) for part in parts))


def test_laws_stand_beside_it(tables: dict[str, Table]) -> None:
    row = row_of(tables["costs"], model="qwen3_0_6b", attention="dense", trials=1, generated=2048)
    sizes = Sizes(752e6, 16 * 128 * 28, 8 * 128 * 28)
    eflop = LAWS["published"](sizes, Work(1, 1, 256, 2048), Dense())
    assert row["published_eflop"] == eflop
    assert row["published_s"] == pytest.approx(eflop / (562.5 * 4800e9))
    # 596 million parameters are multiplied: one matrix embeds and scores, read each of 2048 steps.
    own, once = float(str(row["own_s"])), 2 * 596049920 * 2048 / 4800e9
    cache_s = (2 * 256 + 2048) * 2048 * 2 * sizes.key_numbers / 4800e9
    flop = (2 * 596049920 + 2 * (2 * 256 + 2048) * sizes.query_numbers) * 2048
    assert own == pytest.approx(once + cache_s + flop / 989.4e12, rel=1e-6)
    assert float(str(row["overlapped_s"])) == pytest.approx(once + cache_s, rel=1e-6)


def test_what_does_not_fit_says_so_and_has_no_numbers(tables: dict[str, Table]) -> None:
    """16 trials of 16384 tokens of 256 KiB are 69 GB, beside 66 GB of weights on 141."""
    row = row_of(tables["costs"], model="qwen3_32b", attention="dense", trials=16, generated=16384)
    assert "GB" in str(row["reason"]) and "beside the weights" in str(row["reason"])
    assert row["latency_s"] is None and row["published_s"] is None


def test_fewer_layers_have_their_share_of_parameters(tables: dict[str, Table]) -> None:
    row = tables["layer"].rows()[0]
    sizes = Sizes(752e6 / 4, 16 * 128 * 7, 8 * 128 * 7)
    assert row["published_eflop"] == LAWS["published"](sizes, Work(2, 1, 64, 1), Dense())


def test_agreement_is_of_the_rows_that_fit(tables: dict[str, Table]) -> None:
    fitting = sum(row["reason"] == "" for row in tables["costs"].rows())
    rows = [row for row in tables["agreement"].rows() if row["law"] == "weights"]
    assert {(row["attention"], row["of"]) for row in rows} == {
        (attention, of) for attention in ("dense", "block_top_k") for of in ("time", "energy")
    }
    assert sum(row["choices"] for row in rows if row["of"] == "time") == fitting
    published = row_of(tables["agreement"], attention="dense", of="time", law="published")
    assert str(published["under"]).startswith("model=qwen3_32b trials=1 generated=2048")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[dense, block_top_k]", "[dense, block_topk]", "Did you mean 'block_top_k'"),
        ("[qwen3_0_6b, qwen3_32b]", "[qwen3_7b]", "model: there is no 'qwen3_7b'"),
        ("[1, 16]", "[0]", "trials: 0 is no whole number from 1 on"),
        ("[256]", "[]", "the axis prompt has no values"),
        ("      prompt: [256]\n", "", "there is no axis 'prompt'"),
        ("over: costs", "over: cost", "there is no table 'cost'"),
        ("h200_sxm: flash3", "h200_sxm: trtllm", "tcgen05"),
    ],
)
def test_what_is_wrong_is_said(load: Load, old: str, new: str, said: str) -> None:
    with pytest.raises(AccelsimError) as error:
        run_tables(load(STUDY.replace(old, new, 1)))
    assert said in str(error.value)


def test_only_machines_are_set(load: Load) -> None:
    with pytest.raises(AccelsimError) as error:
        run_tables(load(STUDY), {"workload.ranks.M": 8})
    assert "there is no workload.ranks.M where a study is of generations" in str(error.value)
