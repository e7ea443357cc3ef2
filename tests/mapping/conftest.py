"""Fixtures of the mapping tests: cascades, machines and mappings from text."""

from collections.abc import Callable

import pytest

from accelsim.arch.load import read_arch
from accelsim.arch.spatial import Spatial
from accelsim.base.yamlfile import parse_yaml
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.mapping.load import mapping_from_yaml
from accelsim.mapping.mapping import Choice, Mapping
from accelsim.workload.einsum import Cascade
from accelsim.workload.load import read_workload

TOY = """
about: A 4 x 8 array that multiplies and adds, and 8 lanes that do everything, under one buffer.
clock: 1 GHz
memories:
- {name: DRAM, bandwidth: 16 B/cycle, read: 10 pJ/B, write: 10 pJ/B}
- {name: Buffer, capacity: BUFFER, read: 1 pJ/B, write: 1 pJ/B}
- {name: Registers, per: Array, under: Buffer, capacity: REGISTERS, read: 0 pJ/B, write: 0 pJ/B}
- {name: LaneRegisters, per: Lanes, under: Buffer, capacity: 8 B, read: 0 pJ/B, write: 0 pJ/B}
compute:
- name: Array
  rows: 4
  columns: 8
  operations: {mac: {energy: 1 pJ}, mul: {energy: 1 pJ}}
- name: Lanes
  columns: 8
  operations:
    {mac: {}, mul: {}, add: {}, sub: {}, max: {}, div: {cycles: 4}, exp: {cycles: 2}}
"""

PRODUCT = """
about: A matrix product, 2 rows of Z at a time.
source: by hand
workload: w
machine: spatial
tiles: {N0: Array.columns, N1: ceil(N / N0)}
nests:
- einsums: [Z]
  array: Array
  levels:
  - {memory: DRAM, keep: [X, Y, Z], loops: {M: ceil(M / 2), N: N1}}
  - {memory: Buffer, keep: [X, Y, Z], loops: {K: K}}
  - {array: Array, spatial: {columns: {N: N0}, rows: {M: 2}}}
  - {memory: Registers, keep: [X, Y, Z]}
schedule:
- {name: product, phases: [{run: {Array: [Z]}}]}
"""


@pytest.fixture(scope="session")
def cascade_of() -> Callable[..., Cascade]:
    """cascade_of("Y[p] = X[p]", "{P: 4}", "{X: [P]}") is the cascade of such a file, w.yaml."""

    def build(cascade: str, ranks: str, inputs: str, more: str = "", name: str = "w") -> Cascade:
        head = f"about: A test.\nsource: by hand\nword: 2 B\nranks: {ranks}\ninputs: {inputs}\n"
        lines = "\n".join(f"  {line.strip()}" for line in cascade.strip().splitlines())
        return read_workload(parse_yaml(f"{head}{more}cascade: |\n{lines}\n", "w.yaml"), name)

    return build


@pytest.fixture(scope="session")
def toy() -> Callable[..., Spatial]:
    """A small machine; toy(buffer="1 KiB") has another buffer."""

    def build(buffer: str = "64 KiB", registers: str = "6 B", **replaced: str) -> Spatial:
        text = TOY.replace("BUFFER", buffer).replace("REGISTERS", registers)
        for old, new in replaced.items():
            text = text.replace(old, new)
        return read_arch(parse_yaml(text, "toy.yaml"))

    return build


@pytest.fixture(scope="session")
def product(cascade_of) -> Callable[..., Cascade]:
    """Z = X times Y, of M x K and K x N elements of 2 B."""

    def build(m: int = 64, n: int = 64, k: int = 64) -> Cascade:
        text = "Z[m,n] += X[m,k] * Y[k,n]"
        return cascade_of(text, f"{{M: {m}, N: {n}, K: {k}}}", "{X: [M, K], Y: [K, N]}")

    return build


@pytest.fixture(scope="session")
def mapping_of() -> Callable[..., Mapping | Choice]:
    """The mapping of a matrix product, with parts of its text replaced."""

    def build(*replaced: tuple[str, str]) -> Mapping | Choice:
        text = PRODUCT
        for old, new in replaced:
            assert old in text
            text = text.replace(old, new)
        return mapping_from_yaml(parse_yaml(text, "m.yaml"))

    return build


@pytest.fixture
def violations(mapping_of, product, toy) -> Callable[..., list[str]]:
    """Of the product's mapping with parts of its text replaced, as sentences."""

    def found(*replaced, cascade=None, arch=None):
        bound = bind(mapping_of(*replaced), cascade or product(10, 20, 5), arch or toy())
        return [str(violation) for violation in check(bound)]

    return found
