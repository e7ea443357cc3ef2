"""Ctrl-C before the command has loaded, and what is not loaded for nothing."""

import json
import os
import subprocess
import sys

import pytest

from accelsim.cli.entry import LEFT_OUT, main


class Interrupting:
    """An importer in whose course Ctrl-C is pressed."""

    def find_spec(self, name, path=None, target=None):
        if name == "accelsim.cli.main":
            raise KeyboardInterrupt


def test_ctrl_c_while_loading_is_one_word_and_its_status(monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "accelsim.cli.main", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupting(), *sys.meta_path])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert capsys.readouterr().err == "interrupted\n"


@pytest.mark.parametrize("given", [{}, {"OPENBLAS_NUM_THREADS": "2"}])
def test_what_the_environment_asks_of_libraries_is_left_to_it(monkeypatch, given):
    monkeypatch.setattr(os, "environ", {**given})
    monkeypatch.setattr(sys, "argv", ["accelsim", "--version"])
    with pytest.raises(SystemExit):
        main()
    assert os.environ == {**LEFT_OUT, **given}


NEEDED_BY_OTHERS = (
    "accelsim.arch.gpu",
    "accelsim.arch.system",
    "accelsim.mapping.gpu_mapping",
    "accelsim.workload.model",
    "matplotlib",
    "numba",
    "pandas",
    "pint",
    "rich",
)
"""What a short search of a mapping for an array has no use for, and would wait for."""


def test_a_short_search_loads_what_it_needs():
    words = ("map", "attention/three_pass", "flat_cloud", "--shape", "bert", "--seconds", "0.01")
    code = f"""
import sys
from accelsim.cli.main import main
try:
    main({[*words, "--json"]!r})
except SystemExit:
    pass
import json
print(json.dumps([name for name in {NEEDED_BY_OTHERS!r} if name in sys.modules]))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert '"latency_s"' in ran.stdout
    assert json.loads(ran.stdout.splitlines()[-1]) == []


def ended_process(of_main):
    code = f"""
import atexit, sys
import accelsim.cli.main as door
from accelsim.cli.entry import process
def main():
    atexit.register(print, "cleaned up")
    print("said")
    {of_main}
door.main = main
process()
"""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_a_process_ends_with_its_status_once_all_is_said_and_cleaned_up():
    ended = ended_process("sys.exit(3)")
    assert (ended.stdout, ended.stderr, ended.returncode) == ("said\ncleaned up\n", "", 3)


def test_an_error_that_nobody_foresaw_is_told_as_python_tells_it():
    ended = ended_process("raise ValueError('unforeseen')")
    assert (ended.stdout, ended.returncode) == ("said\ncleaned up\n", 1)
    assert ended.stderr.endswith("ValueError: unforeseen\n")
