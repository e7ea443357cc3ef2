"""What others have published, as data: studies/published/<paper>/*.yaml.

    study: fusemax                             the study that is held against it
    claims:
    - name: attention_speedup_over_flat
      printed: 6.7x                            as it stands in the paper
      value: 6.723
      over: {table: results, where: {scope: attention}, series: config}
      at: {model: [BERT, TrXL], seq_len: [1024, 4096]}     the points: every combination
      take: mean                               over the points; or least, most, geomean
      of: flat.latency_s / binding.latency_s   see study.formula
      tolerance: 1 %
      at_most: true                            the value is a bound: ours may lie below it
      because: ...                             why that much
      differs_because: ...                     a disagreement that is understood
      beside: {label: ..., of: ...}            another formula, shown but not judged

A file with `constants` lists numbers of our inputs that were inferred from what was published:
what follows from them is no independent validation.
"""

from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, model_validator
from pydantic_core import PydanticCustomError

from accelsim.base.catalogue import shipped
from accelsim.base.errors import InputError, StudyError, did_you_mean
from accelsim.base.record import Number, Record, read_record
from accelsim.base.units import quantity
from accelsim.base.yamlfile import read_yaml
from accelsim.study.axes import Names, Value
from accelsim.study.study import Layout

Take = Literal["mean", "geomean", "least", "most"]


class Tolerance(Record):
    """How far ours may be off: a share of the published value (`1 %`), or a number (`0.005`)."""

    amount: float
    relative: bool

    def error(self, ours: float, published: float) -> float:
        return ours / published - 1 if self.relative else ours - published

    def __str__(self) -> str:
        return f"{self.amount * 100:g} %" if self.relative else f"{self.amount:g}"


def _tolerance(value: Any) -> Any:
    if isinstance(value, Tolerance):
        return value
    try:
        amount = quantity(str(value), "1")
    except InputError as error:
        raise PydanticCustomError("quantity", "{text}", {"text": str(error)}) from error
    return Tolerance(amount=float(amount), relative="%" in str(value))


def _as_values(value: Any) -> Any:
    return value if isinstance(value, tuple | list) else (value,)


Values = Annotated[
    tuple[Value, ...],
    BeforeValidator(_as_values, json_schema_input_type=Value | tuple[Value, ...]),
]
Tolerated = Annotated[
    Tolerance, BeforeValidator(_tolerance, json_schema_input_type=str | int | float)
]


class Beside(Record):
    """Another way to make our number, to be read beside it."""

    label: str
    of: str


class Claim(Record):
    """One published number, and how to make ours: `take` of the formula `of` over points."""

    name: str
    printed: str = ""
    value: Number
    over: Layout
    at: dict[str, Values]
    take: Take = "mean"
    of: str
    tolerance: Tolerated
    at_most: bool = False
    because: str
    differs_because: str = ""
    beside: Beside | None = None
    source: str = ""

    @model_validator(mode="after")
    def _has_points(self) -> "Claim":
        if self.over.points:
            raise ValueError("the columns of 'at' are the points; leave 'points' out of 'over'")
        if not all(self.at.values()):
            raise ValueError("a column of 'at' has no values")
        return self

    @property
    def layout(self) -> Layout:
        return self.over.model_copy(update={"points": tuple(self.at)})

    @property
    def points(self) -> tuple[tuple[Value, ...], ...]:
        return tuple(product(*self.at.values()))


class Constant(Record):
    """A number of ours at `path` of a shipped file, and the published rows it was inferred from."""

    name: str
    kind: Literal["machines", "mappings", "studies"]
    file: str
    path: str
    value: Value
    inferred_from: str
    informs: Names


class PublishedFile(Record):
    """One file of studies/published/."""

    about: str
    source: str
    study: str
    claims: tuple[Claim, ...] = ()
    constants: tuple[Constant, ...] = ()
    judged: Names = ()
    """What no constant was inferred from: independent checks."""


class Published(Record):
    """All that one paper says: its claims, and what our inputs took from it."""

    name: str
    files: tuple[PublishedFile, ...]

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Each with its own source, or else its file's."""
        return tuple(
            claim.model_copy(update={"source": claim.source or file.source})
            for file in self.files
            for claim in file.claims
        )

    @property
    def constants(self) -> tuple[Constant, ...]:
        return tuple(constant for file in self.files for constant in file.constants)

    @property
    def judged(self) -> tuple[str, ...]:
        return tuple(text for file in self.files for text in file.judged)


def load_published(name_or_folder: str | Path) -> Published:
    """The published numbers in a folder, or of a shipped paper: `load_published("fusemax")`."""
    folder = Path(name_or_folder)
    if not folder.is_dir():
        folder = _shipped_folder(str(name_or_folder))
    found = sorted(folder.glob("*.yaml"))
    return Published(
        name=folder.name, files=tuple(read_record(read_yaml(file), PublishedFile) for file in found)
    )


def published_for(study: str) -> tuple[Published, ...]:
    """What is shipped to hold the study of this name against."""
    found = [load_published(folder) for folder in _folders()]
    return tuple(
        published for published in found if any(file.study == study for file in published.files)
    )


def _shipped_folder(name: str) -> Path:
    known = {folder.name: folder for folder in _folders()}
    if name not in known:
        remedy = did_you_mean(name, known) or f"There are {', '.join(known) or 'none'}"
        raise StudyError(f"nothing published is shipped under {name!r}", remedy=remedy)
    return known[name]


def _folders() -> list[Path]:
    root = shipped() / "studies" / "published"
    return sorted(folder for folder in root.glob("*") if folder.is_dir())
