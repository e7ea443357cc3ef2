"""Workloads, machines and mappings of a run, each read from its file once."""

from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar

from accelsim.arch.gpu import Gpu
from accelsim.arch.load import is_gpu, load_arch
from accelsim.arch.load_gpu import load_gpu
from accelsim.arch.spatial import Spatial
from accelsim.base.catalogue import find
from accelsim.base.record import read_record
from accelsim.base.yamlfile import read_yaml
from accelsim.mapping.load import load_mapping
from accelsim.mapping.mapping import Choice
from accelsim.mapping.mapping import Mapping as MappingRecord
from accelsim.workload.einsum import Cascade
from accelsim.workload.load import Shape, load_workload

T = TypeVar("T")
Settings = Mapping[str, str]

MOST_NUMBERS = 65_536


class Inputs:
    """What was read, by name and settings; one run's, so that the next one sees changed files."""

    def __init__(self) -> None:
        self._read: dict[Hashable, Any] = {}
        self._numbers: dict[Hashable, Any] = {}

    def workload(self, name: str, settings: Settings) -> Cascade:
        key = ("workload", name, tuple(settings.items()))
        return self._once(key, lambda: load_workload(name, settings))

    def arch(self, name: str, settings: Settings) -> Spatial:
        key = ("arch", name, tuple(settings.items()))
        return self._once(key, lambda: load_arch(name, settings))

    def gpu(self, name: str, settings: Settings) -> Gpu:
        key = ("gpu", name, tuple(settings.items()))
        return self._once(key, lambda: load_gpu(name, settings))

    def is_gpu(self, name: str) -> bool:
        """Whether a machine is one."""
        return self._once(("is_gpu", name), lambda: is_gpu(name))

    def mapping(self, name: str) -> MappingRecord | Choice:
        return self._once(("mapping", name), lambda: load_mapping(name))

    def shape(self, name: str) -> Mapping[str, Any]:
        """The ranks of a model."""
        return self._once(("shape", name), lambda: _shape_ranks(name))

    def number(
        self, arch: Spatial, path: str, text: str, read: Callable[[Spatial, str, str], T]
    ) -> T:
        """What a text means at a path of a machine that was read here."""
        if len(self._numbers) > MOST_NUMBERS:
            self._numbers.clear()
        key = (id(arch), path, text)
        if key not in self._numbers:
            self._numbers[key] = read(arch, path, text)
        found: T = self._numbers[key]
        return found

    def _once(self, key: Hashable, read: Callable[[], T]) -> T:
        if key not in self._read:
            self._read[key] = read()
        found: T = self._read[key]
        return found


def _shape_ranks(name: str) -> Mapping[str, Any]:
    return read_record(read_yaml(find(name, "shapes")), Shape).ranks
