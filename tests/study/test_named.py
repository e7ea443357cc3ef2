"""What studies of each kind rest on."""

import pytest

from accelsim.study.axes import plain
from accelsim.study.load import load_study
from accelsim.study.named import named_inputs
from accelsim.study.provenance import study_provenance
from accelsim.study.sweep import as_study


@pytest.mark.parametrize(
    ("study", "names"),
    [
        ("lean_attention", {"a100_sxm_80gb": "Gpu", "h100_sxm": "Gpu"}),
        ("kinetics", {"b200_sxm": "Gpu", "qwen3_8b": "Model"}),
        ("lamina", {"lamina_2h100_4h20": "System", "h20": "Gpu", "llama3_70b": "Model"}),
        ("buffer_size", {"fusemax_cloud": "Spatial"}),
    ],
)
def test_machines_systems_and_models_are_among_them(study: str, names: dict[str, str]) -> None:
    found = named_inputs(load_study(study), {})
    for name, kind in names.items():
        assert type(found[name]).__name__ == kind


def test_a_setting_of_machines_reaches_the_gpus_of_calls() -> None:
    study = load_study("lean_attention")
    found = named_inputs(study, {"arch.clock": plain("1 GHz")})
    assert found["a100_sxm_80gb"].clock_hz == 10**9


def test_a_default_mapping_rests_on_all_that_it_may_be() -> None:
    study = as_study({"question": "?", "workload": "attention/one_pass", "arch": "fusemax_cloud"})
    told = study_provenance(study)["inputs"]
    assert told["fusemax_binding"]["kind"] == "Mapping"
    named = study.model_copy(update={"mapping": "fusemax_cascade"})
    assert set(study_provenance(named)["inputs"]) == {
        "study",
        "attention/one_pass",
        "fusemax_cloud",
        "fusemax_cascade",
    }
