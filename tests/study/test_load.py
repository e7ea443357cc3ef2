"""Studies by file, with settings from the command line."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from accelsim.base.errors import InputError
from accelsim.study.load import load_study
from accelsim.study.study import Study, axes_of, tables_of
from accelsim.study.sweep import sweep

Load = Callable[..., Study]


def test_files_are_looked_for_beside_the_study(load: Load, folder: Path) -> None:
    study = load()
    assert study.arch == str(folder / "machine.yaml")


def test_a_name_without_an_ending_is_a_shipped_one(load: Load) -> None:
    assert load("", {"arch": "fusemax_cloud"}).arch == "fusemax_cloud"


@pytest.mark.parametrize("path", ["workload.ranks.M", "ranks.M"])
def test_a_setting_of_the_workload_may_leave_out_whose_it_is(load: Load, path: str) -> None:
    assert load("", {path: "4"}).set == {"workload.ranks.M": "4"}


@pytest.mark.parametrize("path", ["arch.memories.DRAM.bandwidth", "memories.DRAM.bandwidth"])
def test_a_setting_of_the_machine_may_too(load: Load, path: str) -> None:
    assert load("", {path: "1 GB/s"}).set == {"arch.memories.DRAM.bandwidth": "1 GB/s"}


def test_settings_add_to_those_of_the_study(load: Load) -> None:
    study = load("set: {arch.clock: 2 GHz}", {"ranks.M": "4"})
    assert study.set == {"arch.clock": "2 GHz", "workload.ranks.M": "4"}


def test_the_name_of_an_axis_gives_it_other_values(load: Load) -> None:
    study = load("vary: {workload.ranks.M: [8, 16]}", {"workload.ranks.M": "1, 2, 3"})
    assert axes_of(tables_of(study)[0])["workload.ranks.M"].to == ("1", "2", "3")


def test_an_axis_of_several_tables_is_narrowed_in_all() -> None:
    study = load_study("fusemax", {"models": "XLM,T5", "seq_len": "1024"})
    lengths = {t.name: axes_of(t)["seq_len"].to for t in study.tables if "seq_len" in t.vary}
    assert study.models == ("XLM", "T5")
    assert lengths == {"results": ("1024",), "einsums": ("1024",)}


def test_a_key_that_the_study_leaves_out_can_be_set(load: Load) -> None:
    assert load("", {"models": "big.yaml"}).models == ("big.yaml",)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("buffer", "there is nothing to set at 'buffer'"),
        ("rnks.M", "nothing to set at 'rnks.M'. Did you mean 'ranks'?"),
        ("models.m", "this list has no 'm'"),
    ],
)
def test_a_setting_of_nothing_is_an_error(load: Load, path: str, message: str) -> None:
    with pytest.raises(InputError, match=message.replace("?", r"\?")):
        load("", {path: "1"})


def test_a_study_that_is_not_there_is_an_error() -> None:
    with pytest.raises(InputError, match="there is no study 'fusemix'"):
        load_study("fusemix")


def test_a_machine_is_no_study(tmp_path: Path) -> None:
    file = tmp_path / "m.yaml"
    file.write_text("clock: 1 GHz\n")
    with pytest.raises(InputError, match="m.yaml:1: this is no study; it has the keys clock"):
        load_study(file)


@pytest.mark.parametrize(
    ("axis", "message"),
    [
        ("rate: {set: arch.clock, from: 1 GHz, to: 2 GB, steps: 2}", "not in the same unit"),
        (
            "rate: {set: arch.clock, from: 1 GHz, to: 2 GHz, step: -1 GHz}",
            "leads away from the end",
        ),
        ("arch.clok: [1 GHz]", "there is no 'clok'. Did you mean 'clock'?"),
        ("arch.clock: [1 GB]", "not a quantity in Hz"),
        ("rate: {set: clock, to: [1 GHz]}", "'clock' is no path of an input"),
    ],
)
def test_what_is_wrong_with_an_axis_has_its_line(load: Load, axis: str, message: str) -> None:
    with pytest.raises(InputError, match="study.yaml:6: .*" + re.escape(message)):
        sweep(load(f"vary:\n  {axis}\n"))
