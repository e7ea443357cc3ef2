"""Models laid out over systems: which library attends, and what is refused before anything runs."""

import pytest

from accelsim.arch.load_system import load_system, machines_of
from accelsim.base.errors import MappingError
from accelsim.cost.system.plan import plan_of
from accelsim.workload.model_load import load_model


def plan(system, model, **settings):
    found = load_system(system, {key.replace("__", "."): each for key, each in settings.items()})
    return plan_of(found, load_model(model), machines_of(found))


@pytest.mark.parametrize(
    ("system", "model", "library"),
    [
        ("eight_h100", "llama3_70b", "flash3"),
        ("eight_h100", "deepseek_v2_lite", "flash_mla"),
        ("lamina_2h100_4h20", "llama3_70b", "cudnn"),
        ("lamina_2h100_4h20", "deepseek_v2_lite", "flash_mla"),
    ],
)
def test_latents_are_decoded_by_a_library_that_takes_them(system, model, library):
    assert plan(system, model).decodes_with == library


def test_a_gpu_without_a_kernel_for_latents_is_refused_at_once():
    with pytest.raises(MappingError, match="compiled for hopper; flash_mla decodes"):
        plan("h100_l40s", "deepseek_v2_lite")
