"""A tape knows of a machine's numbers where they stand, and of all else by structure."""

from collections.abc import Callable

import numpy as np
import pytest

from accelsim.arch.load import load_arch
from accelsim.arch.spatial import Spatial, with_values
from accelsim.cost import spatial
from accelsim.cost.default import default_mapping
from accelsim.cost.evaluate import evaluate
from accelsim.mapping.binding import bind
from accelsim.workload.load import load_workload

CASCADE = load_workload("attention/one_pass", {"ranks.H": "2"})
Change = Callable[[Spatial], Spatial]


def loaded(machine: str, **settings: str) -> Change:
    paths = {path.replace("__", "."): value for path, value in settings.items()}
    return lambda arch: load_arch(machine, paths)


CHANGES: dict[str, tuple[str, Change]] = {
    "an area from the catalogue": (
        "fusemax_cloud",
        loaded("fusemax_cloud", memories__GlobalBuffer__capacity="32 MiB"),
    ),
    "an energy from the catalogue": (
        "tpu_v3",
        lambda arch: with_values(arch, {"memories.GlobalBuffer.capacity": 2**25}),
    ),
    "what an operation is made of": (
        "fusemax_cloud",
        loaded("fusemax_cloud", compute__Array1D__operations__exp__as__mac="12"),
    ),
    "another clock": ("fusemax_cloud", lambda arch: with_values(arch, {"clock": 1e9})),
    "a double-buffered memory": (
        "fusemax_cloud",
        lambda arch: arch.model_copy(
            update={
                "memories": tuple(
                    m.model_copy(update={"double_buffered": m.name == "GlobalBuffer"})
                    for m in arch.memories
                )
            }
        ),
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_fourth_evaluation_of_another_machine_is_that_machine_s(what: str) -> None:
    machine, change = CHANGES[what]
    arch = load_arch(machine)
    mapping = default_mapping(CASCADE, arch, machine).mapping
    for _ in range(4):
        evaluate(CASCADE, arch, mapping)
    other = change(arch)
    plain = spatial.cost(bind(mapping, CASCADE, other))
    for _ in range(4):
        replayed = evaluate(CASCADE, other, mapping)
        assert replayed.rows == plain.rows
        assert replayed.area_um2 == plain.area_um2
        assert replayed.occupancy_bytes == plain.occupancy_bytes
        assert replayed.cycles == plain.cycles


def test_capacities_of_a_catalogue_part_may_be_swept_many_times() -> None:
    arch = load_arch("tpu_v3")
    mapping = default_mapping(CASCADE, arch, "tpu_v3").mapping
    for capacities in ([2**24, 2**25], [2**24, 2**23], [2**25, 2**24], [2**24, 2**25]):
        swept = with_values(arch, {"memories.GlobalBuffer.capacity": np.array(capacities)})
        energies = evaluate(CASCADE, swept, mapping).energy_pj
        for capacity, energy in zip(capacities, np.broadcast_to(energies, 2), strict=True):
            one = with_values(arch, {"memories.GlobalBuffer.capacity": capacity})
            plain = spatial.cost(bind(mapping, CASCADE, one))
            assert energy == pytest.approx(plain.energy_pj, rel=1e-12)
