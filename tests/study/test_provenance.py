"""Hashes change with what an input means, and with nothing else."""

import json
from importlib.metadata import version
from pathlib import Path

import pytest

from accelsim.arch.load import load_arch
from accelsim.base.errors import AccelsimError
from accelsim.study.load import load_study
from accelsim.study.provenance import (
    provenance,
    provenance_of,
    read_provenance,
    study_provenance,
    write_provenance,
)


def machine_hash(folder: Path, changed: tuple[str, str] = ("", ""), **settings: str) -> str:
    file = folder / "machine.yaml"
    text = file.read_text(encoding="utf-8")
    other = folder / "other.yaml"
    other.write_text(text.replace(*changed) if changed[0] else text, encoding="utf-8")
    found = provenance({"machine": load_arch(other, settings)})
    return str(found["inputs"]["machine"]["sha256"])


@pytest.mark.parametrize(
    "change",
    [
        ("about: Two PEs on a memory.", "# A comment.\nabout: Two of them."),
        ("clock: 1 GHz", "clock: 1000 MHz"),
        ("name: DRAM,", "name: DRAM, ports: 1,"),
    ],
    ids=["prose", "unit", "default"],
)
def test_how_it_is_written_does_not_matter(folder: Path, change: tuple[str, str]) -> None:
    assert machine_hash(folder, change) == machine_hash(folder)


def test_a_number_and_a_setting_do(folder: Path) -> None:
    changed = machine_hash(folder, ("clock: 1 GHz", "clock: 2 GHz"))
    assert changed != machine_hash(folder)
    assert changed == machine_hash(folder, clock="2 GHz")


def test_the_program_is_named(folder: Path) -> None:
    found = provenance({})
    assert found["accelsim"] == version("accelsim")
    assert len(found["code"]) == len(found["sha256"]) == 64
    assert found["python"].startswith("3.")
    assert found["inputs"] == {}


def test_a_study_rests_on_all_it_names(load, folder: Path) -> None:
    study = load(f"models: [{folder / 'big.yaml'}]\n")
    found = study_provenance(study, {"arch.clock": "2 GHz"})
    names = {"study", "big.yaml", "scale.yaml", "machine.yaml", "mapping.yaml"}
    assert set(found["inputs"]) == names
    clock = found["inputs"]["machine.yaml"]["quantities"]["clock"]
    assert clock == {"value": 2_000_000_000, "unit": "Hz", "source": "a setting"}
    assert found["inputs"]["big.yaml"]["quantities"]["M"] == {"value": 80}


def test_settings_of_ranks_go_to_the_workloads_that_have_them(load) -> None:
    found = study_provenance(load(), {"workload.ranks.M": 16, "workload.ranks.Q": 1})
    assert found["inputs"]["scale.yaml"]["quantities"]["ranks.M"]["value"] == 16


def test_figures_are_no_part_of_a_result() -> None:
    study = load_study("buffer_size")
    bare = study.model_copy(update={"figures": (), "names": {}, "summary": ()})
    assert study_provenance(study) == study_provenance(bare)


def test_where_the_files_lie_does_not_matter(load, tmp_path: Path) -> None:
    told = json.dumps(study_provenance(load()))
    assert str(tmp_path) not in told


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    found = provenance({"machine": load_arch("fusemax_cloud")})
    file = write_provenance(found, tmp_path / "new")
    assert file.name == "provenance.json"
    assert read_provenance(file) == read_provenance(tmp_path / "new") == found


def test_tables_of_a_sweep_have_theirs_beside_them(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    assert provenance_of(tmp_path / "results") is None
    write_provenance(provenance({}), tmp_path)
    assert provenance_of(tmp_path / "results") == provenance({})


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"inputs": 1}'])
def test_another_file_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "provenance.json").write_text(text, encoding="utf-8")
    with pytest.raises(AccelsimError, match=r"provenance\.json: (cannot be read as|is no) prov"):
        read_provenance(tmp_path)


def test_a_study_keeps_its_question_and_the_files_it_was_read_from(load, folder: Path) -> None:
    found = study_provenance(load(), file=folder / "study.yaml")
    assert found["question"] == "How fast is scaling?"
    assert found["inputs"]["study"]["yaml"].startswith("question: How fast is scaling?\n")
    machine = (folder / "machine.yaml").read_text(encoding="utf-8")
    assert found["inputs"]["machine.yaml"]["yaml"] == machine
