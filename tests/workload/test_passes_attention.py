"""Passes of shipped attention, and what forces them."""

import json

import pytest

from accelsim.workload.load import load_workload
from accelsim.workload.passes import passes
from tests.workload.attention import ATTENTION


@pytest.mark.parametrize(
    ("name", "live"), [("sliding_window_sinks", "S + W"), ("block_sparse", "M")]
)
def test_sparse_attention_traverses_what_it_sees_three_times(name: str, live: str) -> None:
    found = passes(load_workload(f"attention/{name}"))["M"]
    assert (found.passes, found.footprint) == (3, live)


@pytest.mark.parametrize("causal", ["", "_causal"], ids=["full", "causal"])
@pytest.mark.parametrize(("name", "count"), ATTENTION.items())
def test_attention_has_its_passes_over_the_keys_and_one_over_all_else(
    name: str, count: int, causal: str
) -> None:
    found = passes(load_workload(f"attention/{name}{causal}"))
    assert found["M"].passes == count
    assert {found[rank].passes for rank in "BHPEF"} == {1}


@pytest.mark.parametrize(
    ("name", "footprint", "tiles", "summaries"),
    [
        ("three_pass", "M", None, None),
        ("deferred_division", "M", None, None),
        ("two_pass", "M", 3, 2),  # the summaries of all tiles are read again, with the tiles
        ("one_pass", "M0", 2, 1),
        ("rabe_staats", "M0", 2, 2),  # only the summaries are read again
        ("flash_attention_2", "M0", 2, 1),
    ],
)
def test_attention_keeps_the_keys_or_one_tile_of_them(
    name: str, footprint: str, tiles: int | None, summaries: int | None
) -> None:
    found = passes(load_workload(f"attention/{name}"))
    assert found["M"].footprint == footprint
    assert {rank: found[rank].passes for rank in ("M0", "M1") if rank in found} == (
        {"M0": tiles, "M1": summaries} if tiles else {}
    )


def test_three_pass_attention_as_json() -> None:
    found = passes(load_workload("attention/three_pass"))["M"].to_plain()
    assert json.loads(json.dumps(found)) == {
        "passes": 3,
        "einsums": [["QK", "GM"], ["SN", "SD"], ["A", "AV"]],
        "footprint": "M",
        "forced_by": [
            {
                "pass": 2,
                "reduction": "GM",
                "result": "GM[b,h,p]",
                "einsum": "SN",
                "revisits": "QK",
                "fibre_of": "K",
                "via": ["GM"],
            },
            {
                "pass": 3,
                "reduction": "SD",
                "result": "SD[b,h,p]",
                "einsum": "A",
                "revisits": "SN",
                "fibre_of": "K",
                "via": ["SD"],
            },
        ],
    }


def test_the_second_pass_of_two_pass_attention_waits_for_the_last_running_value() -> None:
    (wait,) = passes(load_workload("attention/two_pass"))["M"].forced_by
    assert (wait.reduction, wait.result, wait.einsum) == ("RM", "RM[b,h,M1,p]", "A")
