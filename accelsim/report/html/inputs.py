"""What a result was made of: the text of each input, and the numbers it supplied with sources.

A study keeps the text with its results; for others it is what is shipped under that name, if
anything is.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from accelsim.base.catalogue import find
from accelsim.base.errors import CatalogueError
from accelsim.base.units import format_quantity
from accelsim.report.html.contents import Constant, InputShown
from accelsim.report.style import unit_label
from accelsim.study.provenance import SETTING

SHELVES: Mapping[str, str] = {
    "Cascade": "workloads",
    "Spatial": "machines",
    "Gpu": "machines",
    "System": "systems",
    "Mapping": "mappings",
    "Choice": "mappings",
    "Model": "models",
    "Study": "studies",
    "dict": "shapes",
}
KINDS: Mapping[str, str] = {
    "Cascade": "workload",
    "Spatial": "machine",
    "Gpu": "GPU",
    "System": "system",
    "Mapping": "mapping",
    "Choice": "mapping",
    "Model": "model",
    "Study": "study",
    "dict": "shape of a model",
}
LONGEST = 60_000
"""Letters of a text that are shown."""


def inputs_of(provenance: Mapping[str, Any]) -> list[InputShown]:
    found = provenance.get("inputs", {})
    devices = machines_of_devices(found)
    return [_input(name, each, devices.get(name, name)) for name, each in found.items()]


def machines_of_devices(inputs: Mapping[str, Any]) -> dict[str, str]:
    """Devices of systems are inputs by the names that their systems give them; by these, what
    machines they are."""
    return {
        path.removeprefix("devices.").removesuffix(".machine"): str(each["value"])
        for told in inputs.values()
        if told.get("kind") == "System"
        for path, each in told.get("quantities", {}).items()
        if path.startswith("devices.") and path.endswith(".machine")
    }


def constants_of(provenance: Mapping[str, Any]) -> list[Constant]:
    """Every number with a source, input after input."""
    found = provenance.get("inputs", {})
    return [constant for name, each in found.items() for constant in _constants(name, each)]


def _input(name: str, told: Mapping[str, Any], shipped_as: str) -> InputShown:
    kind = str(told.get("kind", ""))
    said = KINDS.get(kind, kind)
    text, note = str(told.get("yaml", "")), "as it was when the results were made"
    if not text:
        text, note = _shipped(shipped_as, kind)
    if shipped_as != name:
        said = f"{said} {shipped_as}"
    if kind == "dict" and not text:
        # The sizes of a call, or a batch, have no file.
        said, note = "values", "as they were asked for"
        text = "".join(f"{path}: {each['value']}\n" for path, each in told["quantities"].items())
    set_here = [path for path, each in told["quantities"].items() if each.get("source") == SETTING]
    settings = f"; set by hand beside it: {', '.join(set_here)}" if set_here else ""
    if len(text) > LONGEST:
        text, note = text[:LONGEST], f"{note}, the first {LONGEST:,} letters"
    return InputShown(name, said, text, f"{note}{settings}")


def _shipped(name: str, kind: str) -> tuple[str, str]:
    shelf = SHELVES.get(kind)
    try:
        file: Path | None = find(name.partition(":")[0], shelf) if shelf else None
    except CatalogueError:
        file = None
    if file is None or not file.is_file():
        return "", "its text was not kept with the results"
    return file.read_text(encoding="utf-8"), "as shipped now; not kept with the results"


def _constants(name: str, told: Mapping[str, Any]) -> Iterator[Constant]:
    for path, each in told["quantities"].items():
        value, unit = each["value"], each.get("unit", "")
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and each.get("source"):
            yield Constant(name, path, _written(value, unit), float(value), each["source"])


def _written(value: float, unit: str) -> str:
    return unit_label(format_quantity(value, unit)) if unit else f"{value:,.6g}"
