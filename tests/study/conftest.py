"""A workload, a machine and a mapping small enough to do on paper.

Z[m] = A[m] * B[m], M = 8, 2 B      48 B through a DRAM of 4 B/cycle: 12 cycles at 1 GHz
two PEs                             4 cycles, so DRAM bounds
DRAM 32 B read, 16 B written        32 * 10 + 16 * 20 = 640 pJ
registers 48 B in, 48 B out         96 * 1 pJ, all PEs together
8 products                          8 * 5 = 40 pJ
two register files of 1 mW, 12 ns   24 pJ of leakage
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from accelsim.arch.load import load_arch
from accelsim.mapping.load import load_mapping, select
from accelsim.study.design import Design
from accelsim.study.load import load_study
from accelsim.study.run import run_tables
from accelsim.study.study import Study
from accelsim.study.table import Table
from accelsim.workload.load import load_workload

SCALE = """\
about: Two vectors, multiplied element by element.
word: 2 B
ranks: {M: 8}
inputs: {A: [M], B: [M]}
cascade: |
  Z[m] = A[m] * B[m]
"""
MACHINE = """\
about: Two PEs on a memory.
clock: 1 GHz
memories:
- {name: DRAM, bandwidth: 4 B/cycle, read: 10 pJ/B, write: 20 pJ/B}
- name: Registers
  per: Array
  capacity: 64 B
  read: 1 pJ/B
  write: 1 pJ/B
  area: 3 um^2
  leakage: 1 mW
compute:
- {name: Array, columns: 2, operations: {mul: {energy: 5 pJ}}, area: 7 um^2}
"""
MAPPING = """\
about: M over the columns.
source: made up
workload: scale
machine: spatial
nests:
- einsums: [Z]
  array: Array
  levels:
  - {memory: DRAM, keep: [A, B, Z], loops: {M: ceil(M / Array.columns)}}
  - {array: Array, spatial: {columns: {M: Array.columns}}}
  - {memory: Registers, keep: [A, B, Z]}
schedule:
- {name: Z, phases: [{run: {Array: [Z]}}]}
"""
BIG = "{about: A model., source: made up, ranks: {M: 80, N: 3}}"

ONE_POINT = """\
question: How fast is scaling?
workload: scale.yaml
arch: machine.yaml
mapping: mapping.yaml
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "scale": SCALE,
        "words": SCALE.replace("ranks:", "words: {A: 2 B}\nranks:"),
        "machine": MACHINE,
        "mapping": MAPPING,
        "big": BIG,
        "study": ONE_POINT,
    }
    for name, text in files.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def load(folder: Path) -> Callable[..., Study]:
    """The study that a text describes (one point, by default), with settings."""

    def loaded(text: str = "", settings: dict[str, str] | None = None) -> Study:
        whole = text if text.startswith("question") else ONE_POINT + text
        (folder / "study.yaml").write_text(whole, encoding="utf-8")
        return load_study(folder / "study.yaml", settings)

    return loaded


@pytest.fixture
def run(load: Callable[..., Study]) -> Callable[..., Table]:
    """The table `results` of such a study."""
    return lambda text="", settings=None: run_tables(load(text, settings))["results"]


@pytest.fixture
def design(folder: Path) -> Callable[..., Design]:
    """The same three as a design, with settings of the machine."""

    def loaded(**settings: str) -> Design:
        machine = {path.replace("__", "."): value for path, value in settings.items()}
        cascade = load_workload(folder / "scale.yaml")
        arch = load_arch(folder / "machine.yaml", machine)
        return Design(cascade, arch, select(load_mapping(folder / "mapping.yaml"), cascade, arch))

    return loaded
