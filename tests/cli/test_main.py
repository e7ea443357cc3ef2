import importlib
import subprocess
import sys

import pytest

from accelsim.cli import list as list_command
from accelsim.cli.main import COMMANDS, MODULES

HEAVY = ("numba", "pandas", "matplotlib", "torch", "numpy", "scipy")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_a_module_whose_help_has_an_example(run, name):
    assert callable(importlib.import_module(f"accelsim.cli.{MODULES.get(name, name)}").command)
    ended = run(name, "--help")
    assert ended.status == 0
    assert "Example" in ended.out and f"accelsim {name} " in ended.out
    # Paragraphs are filled: columns in a docstring would come out as spaces within lines.
    prose = ended.out.partition("\n\n")[2].partition("\nArguments:")[0].partition("\nOptions:")[0]
    assert not [line for line in prose.splitlines() if "   " in line.strip()]


def test_help_names_every_command(run):
    for arguments in (["--help"], []):
        ended = run(*arguments)
        assert ended.status == 0
        assert all(f"\n  {name} " in ended.out for name in COMMANDS)


def test_the_version_is_that_of_the_package(run):
    assert run("--version").out == "0.1.0\n"


@pytest.mark.parametrize(
    "code", ["import accelsim", "import accelsim.cli.main as m; m.application('--help')"]
)
def test_neither_the_package_nor_its_help_loads_a_heavy_library(code):
    loaded = f"{code}; import sys; print([m for m in {HEAVY} if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


@pytest.mark.parametrize("arguments", [["lst"], ["list", "--jsn"], ["check"], ["list", "a", "b"]])
def test_usage_errors_exit_with_2(run, arguments):
    ended = run(*arguments)
    assert ended.status == 2
    assert "Usage: accelsim" in ended.err


def test_bad_input_is_one_line_on_stderr_and_status_2(run):
    ended = run("check", "no_such_folder/m.yaml")
    assert ended == (
        2,
        "",
        "no_such_folder/m.yaml: no such file; there is no folder 'no_such_folder'\n",
    )


def test_ctrl_c_is_one_line_and_status_130(run, monkeypatch):
    def interrupted(kind):
        raise KeyboardInterrupt

    monkeypatch.setattr(list_command, "entries", interrupted)
    assert run("list") == (130, "", "interrupted\n")


def test_ctrl_c_in_the_middle_of_a_finalizer_ends_the_run_all_the_same(run, monkeypatch):
    class Finalized:
        def __del__(self):
            raise KeyboardInterrupt

    def interrupted(kind):
        Finalized()
        return []

    monkeypatch.setattr(list_command, "entries", interrupted)
    ended = run("list", "--json")
    assert (ended.status, ended.err) == (130, "interrupted\n")


def test_a_reader_that_stops_reading_is_no_error():
    code = "from accelsim.cli.main import main; main(['list', 'workloads', '--json'])"
    reader = f'"{sys.executable}" -c "{code}" | true'
    ran = subprocess.run(reader, shell=True, capture_output=True, text=True, check=True)
    assert ran.stderr == ""


@pytest.mark.parametrize(
    ("redirection", "status", "message"),
    [
        ("> /dev/full", 2, "standard output cannot be written: No space left on device\n"),
        (">&-", 0, ""),
    ],
)
def test_a_full_or_closed_standard_output_is_no_traceback(redirection, status, message):
    code = "from accelsim.cli.main import main; main(['list', 'workloads'])"
    shell = f'"{sys.executable}" -c "{code}" {redirection}'
    ran = subprocess.run(shell, shell=True, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (status, message)
