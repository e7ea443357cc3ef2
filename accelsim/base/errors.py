"""What goes wrong, as a tree. Each error gives the place, the fact and the remedy, in that order.

AccelsimError            anything accelsim says about what the user gave it
└── InputError           the input is bad; the command line exits with status 2
    ├── YamlError        the file cannot be read as YAML, or has no such key
    ├── RecordError      the YAML is not the record it should be: key, unit, range
    ├── ExpressionError  arithmetic that cannot be read or has no value
    ├── CatalogueError   no file, and no shipped entry, of that name
    ├── WorkloadError    a cascade that means nothing
    ├── ArchError        a machine that cannot be built
    ├── MappingError     a mapping for another workload or machine
    ├── MapperError      a search for a mapping that cannot be made
    ├── StudyError       a study that cannot run
    ├── TraceError       a trace of requests that cannot be played
    └── OutputError      a result that cannot be written
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import NamedTuple


class Place(NamedTuple):
    """A line of a file, as an editor understands it: `m.yaml:7`."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


class AccelsimError(Exception):
    """One message, `place: fact. Remedy`, or `place: fact; remedy` for a remedy in lower case."""

    def __init__(self, fact: str, *, at: Place | None = None, remedy: str | None = None) -> None:
        super().__init__(fact)
        self.fact = fact
        self.at = at
        self.remedy = remedy

    def __str__(self) -> str:
        place = f"{self.at}: " if self.at else ""
        return f"{place}{self.fact}{_joined(self.remedy)}"


class InputError(AccelsimError):
    """What the user wrote is bad."""


class YamlError(InputError):
    pass


class RecordError(InputError):
    pass


class ExpressionError(InputError):
    pass


class CatalogueError(InputError):
    pass


class WorkloadError(InputError):
    pass


class ArchError(InputError):
    pass


class MappingError(InputError):
    pass


class MapperError(InputError):
    pass


class StudyError(InputError):
    pass


class TraceError(InputError):
    pass


class OutputError(InputError):
    pass


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """`Did you mean 'capacity'?` for the nearest of the known words, or nothing if none is near."""
    by_lower_case = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), by_lower_case, n=1, cutoff=0.6)
    return f"Did you mean {by_lower_case[near[0]]!r}?" if near else None


def _joined(remedy: str | None) -> str:
    if not remedy:
        return ""
    return f"; {remedy}" if remedy[0].islower() else f". {remedy}"
