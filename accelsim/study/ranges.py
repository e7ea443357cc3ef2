"""Ranges of numbers, as they are written: `memories.DRAM.bandwidth=25 GB/s..2 TB/s`.

    LOW..HIGH        evenly over the numbers
    LOW..HIGH log    evenly over their logarithms: as many between 1 and 10 as between 10 and 100

A file of them is a mapping from paths to such texts. Both ends belong to a range; of ranks, rows
and columns only whole numbers do.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from accelsim.base.errors import InputError, StudyError
from accelsim.base.yamlfile import read_yaml
from accelsim.study.quantities import Quantity
from accelsim.study.spread import Range

EXAMPLE = "Write it like memories.DRAM.bandwidth='25 GB/s..2 TB/s'"
_DOTS, _LOG = "..", " log"


class Numbers(Protocol):
    """What has numbers by path: a `Design`, a `Subject`."""

    def read(self, path: str, text: str) -> Quantity: ...
    def is_whole(self, path: str) -> bool: ...


def read_range(of: Numbers, text: str) -> Range:
    """PATH=LOW..HIGH, with ` log` or without; an InputError says what is wrong with it."""
    path, equals, ends = (part.strip() for part in text.partition("="))
    if not (path and equals):
        raise StudyError(f"{text!r} is no range", remedy=EXAMPLE)
    return _range(of, path, ends)


def read_ranges(of: Numbers, texts: Sequence[str], file: str | Path | None) -> list[Range]:
    """Those of a file, then those of texts; one path has one range."""
    found = []
    if file is not None:
        for path, node in read_yaml(Path(file)).items():
            try:
                found.append(_range(of, path, node.text or str(node.value)))
            except InputError as error:
                raise StudyError(error.fact, at=node.place, remedy=error.remedy) from error
    found += [read_range(of, text) for text in texts]
    paths = [each.path for each in found]
    for path in paths:
        if paths.count(path) > 1:
            raise StudyError(f"{path} has two ranges", remedy="Give it one")
    return found


def _range(of: Numbers, path: str, ends: str) -> Range:
    is_log = ends.endswith(_LOG)
    low_text, dots, high_text = ends.removesuffix(_LOG).partition(_DOTS)
    if not (dots and low_text.strip() and high_text.strip()):
        raise StudyError(f"{path}: {ends!r} is no range", remedy=EXAMPLE)
    low, high = (of.read(path, each.strip()) for each in (low_text, high_text))
    if low.unit != high.unit:
        fact = f"{path}: {ends!r} is in {low.unit} at one end and in {high.unit} at the other"
        raise StudyError(fact)
    if not low.value < high.value:
        raise StudyError(f"{path}: the range {ends!r} is empty", remedy="The lower end goes first")
    if is_log and low.value <= 0:
        raise StudyError(f"{path}: logarithms need a range above 0, not {ends!r}")
    return Range(path, low.value, high.value, low.unit, is_log, of.is_whole(path))
