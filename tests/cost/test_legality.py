"""The check of all points at once, against the check of each."""

import numpy as np
import pytest

from accelsim.arch.load import load_arch
from accelsim.arch.spatial import with_values
from accelsim.cost.legality import misfits_at
from accelsim.mapping.at_point import arch_at, cascade_at
from accelsim.mapping.binding import bind
from accelsim.mapping.check import misfits
from accelsim.mapping.load import load_mapping
from accelsim.mapping.mapping import Mapping
from accelsim.workload.load import load_workload

NUMBER = 120


@pytest.mark.parametrize(
    ("workload", "machine", "name"),
    [
        ("attention/one_pass", "fusemax_cloud", "fusemax_binding"),
        ("attention/one_pass", "fusemax_cloud", "fusemax_architecture"),
        ("attention/three_pass", "flat_cloud", "flat_row"),
        ("attention/three_pass", "flat_cloud", "flat_head"),
    ],
)
def test_each_point_is_as_legal_as_alone(workload: str, machine: str, name: str) -> None:
    """Random sizes, most of which break something."""
    random = np.random.default_rng(7)

    def drawn(*choices: int) -> np.ndarray:
        return random.choice(choices, NUMBER)

    mapping = load_mapping(name)
    assert isinstance(mapping, Mapping)
    sizes = {"P": drawn(1, 100, 256, 1000, 4096), "M": drawn(1, 64, 300, 4096)}
    cascade = load_workload(workload).with_ranks(**sizes)
    values = {
        "compute.Array2D.rows": drawn(1, 64, 256),
        "compute.Array2D.columns": drawn(1, 60, 256, 512),
        "compute.Array1D.columns": drawn(1, 256),
        "memories.GlobalBuffer.capacity": drawn(2**24, 2**26),
    }
    arch = with_values(load_arch(machine), values)
    found = misfits_at(bind(mapping, cascade, arch), NUMBER)
    for place, sentences in enumerate(found):
        alone = misfits(bind(mapping, cascade_at(cascade, place), arch_at(arch, place)))
        assert sentences == tuple(map(str, alone))
    assert any(found) == (machine == "fusemax_cloud")
