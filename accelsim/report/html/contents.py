"""What stands on the sheet, as data. Texts are as people wrote them: the template escapes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class FigureShown:
    """A figure: its caption, plotly's JSON of it ("" if it is a picture alone), a picture as a data
    URI, which axes can be logarithmic, and what a study calls it."""

    caption: str
    json: str
    picture: str
    log: Sequence[str] = ()
    name: str = ""


@dataclass(frozen=True)
class Cell:
    """What is written, and what it is sorted by: a number, or the text itself if that is None."""

    text: str
    number: float | None = None


@dataclass(frozen=True)
class TableShown:
    """Some columns and rows of a table; `note` says which rows, if not all."""

    name: str
    columns: Sequence[str]
    is_number: Sequence[bool]
    rows: Sequence[Sequence[Cell]]
    note: str


@dataclass(frozen=True)
class Constant:
    """A number that an input supplied: where, what, who says so."""

    input: str
    path: str
    value: str
    number: float
    source: str


@dataclass(frozen=True)
class InputShown:
    """An input: its kind, its text ("" if it is not at hand), what is to be known of the text."""

    name: str
    kind: str
    yaml: str
    note: str


@dataclass(frozen=True)
class StatusShown:
    """Machines, and what their models were held against: a sentence each."""

    machines: str
    said: Sequence[str]


@dataclass(frozen=True)
class Section:
    """A table, and its figures."""

    table: TableShown
    figures: Sequence[FigureShown]


@dataclass(frozen=True)
class Sheet:
    """All of it. `answer` is one sentence, where the results have one; `facts` are versions and
    hashes by name; `plotly` is its program, packed, or "" where no figure needs it."""

    title: str
    question: str
    answer: str
    source: str
    declared: Sequence[FigureShown]
    sections: Sequence[Section]
    pictures: Sequence[FigureShown]
    notes: Sequence[str]
    status: Sequence[StatusShown]
    inputs: Sequence[InputShown]
    constants: Sequence[Constant]
    facts: Mapping[str, str]
    plotly: str
