"""Files are read once a run."""

from pathlib import Path

from accelsim.study.inputs import Inputs


def test_a_file_is_read_once_for_the_same_settings(folder: Path) -> None:
    inputs, name = Inputs(), str(folder / "scale.yaml")
    first = inputs.workload(name, {})
    (folder / "scale.yaml").unlink()
    assert inputs.workload(name, {}) is first


def test_other_settings_are_another_reading(folder: Path) -> None:
    inputs, name = Inputs(), str(folder / "machine.yaml")
    fast = inputs.arch(name, {"clock": "2 GHz"})
    assert (inputs.arch(name, {}).clock_hz, fast.clock_hz) == (1e9, 2e9)


def test_a_shape_gives_a_models_ranks(folder: Path) -> None:
    assert Inputs().shape(str(folder / "big.yaml")) == {"M": 80, "N": 3}


def test_a_mapping_is_read_once(folder: Path) -> None:
    inputs, name = Inputs(), str(folder / "mapping.yaml")
    assert inputs.mapping(name) is inputs.mapping(name)
