"""What a result rests on: the inputs with their sources, and the program that made it of them.

    {accelsim: 0.1.0, code: 3f…, python: 3.12.3, numpy: 2.1.0, sha256: 9a…,
     inputs: {fusemax_cloud: {kind: Spatial, sha256: 77…, quantities: {
        memories.DRAM.bandwidth: {value: 429496729600, unit: B/s, source: FuseMax artifact: …}}}}}

A hash is that of what the input means (`quantities`): comments, layout and units as written do not
change it, and neither do sources; a setting does. That of all is over the hashes of the inputs.
`code` is the hash of accelsim's own source. It is written beside results as `provenance.json`.
That of a study has its `question` and `source` too, and of each input that is a file its `yaml`, as
it was when the study ran.
"""

import hashlib
import json
import platform
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from accelsim.base.catalogue import find
from accelsim.base.errors import CatalogueError, Place, StudyError
from accelsim.base.files import atomic_write
from accelsim.study.axes import INPUTS, Value, plain
from accelsim.study.cases import below
from accelsim.study.named import named_inputs
from accelsim.study.quantities import Quantity, quantities
from accelsim.study.study import Study
from accelsim.workload.forms import split_name

FILE = "provenance.json"
KEY = "provenance"
"""Where JSON that a command prints has it."""
SETTING = "a setting"
"""The source of what was set by hand."""
_DRAWN: Mapping[str, Any] = {"figures": (), "summary": (), "names": {}}
"""What of a study does not change its numbers."""
_SHELVES: Mapping[str, str] = {
    "Cascade": "workloads",
    "Spatial": "arch",
    "Gpu": "arch",
    "System": "systems",
    "Mapping": "mappings",
    "Choice": "mappings",
    "Model": "models",
    "dict": "shapes",
}
"""Where files of each are found by name."""


def provenance(inputs: Mapping[str, Any], settings: Collection[str] = ()) -> dict[str, Any]:
    """Of a result that was made of these nouns (cascade, machine, mapping, study), by name.

    What is at the paths of `settings` (`memories.DRAM.read`), and below them, was set by hand: the
    source of the file is not its source.
    """
    told = {_plain_name(name): _input(noun, settings) for name, noun in inputs.items()}
    return {
        "accelsim": version("accelsim"),
        "code": code_hash(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "sha256": _hash({name: each["sha256"] for name, each in told.items()}),
        "inputs": told,
    }


def study_provenance(
    study: Study, settings: Mapping[str, Value] | None = None, file: Path | None = None
) -> dict[str, Any]:
    """Of a study's tables: the study, and what it names (`named`), under the settings of all its
    runs. `file` is what the study was read from.
    """
    fixed = {path: plain(value) for path, value in {**study.set, **(settings or {})}.items()}
    whole = study.model_copy(update={**_DRAWN, "set": fixed})
    paths = [path for head in INPUTS for path in below(head, fixed)]
    nouns = named_inputs(study, fixed)
    found = provenance({"study": whole, **nouns}, paths)
    files = dict(_files_of(nouns)) | ({"study": file} if file else {})
    for name, each in files.items():
        found["inputs"][_plain_name(name)]["yaml"] = each.read_text(encoding="utf-8")
    return {**found, "question": study.question, "source": study.source}


def _files_of(nouns: Mapping[str, Any]) -> Iterator[tuple[str, Path]]:
    """Where each was read from, if from a file; a form of a workload (`mla:decode`) is in its."""
    for name, noun in nouns.items():
        shelf = _SHELVES.get(type(noun).__name__)
        with suppress(CatalogueError):
            if shelf is not None and (file := find(split_name(name)[0], shelf)).is_file():
                yield name, file


def write_provenance(found: Mapping[str, Any], folder: str | Path) -> Path:
    """FOLDER/provenance.json, whole or not at all."""
    text = json.dumps(found, indent=1, ensure_ascii=False)
    return atomic_write(Path(folder) / FILE, text + "\n")


def read_provenance(path: str | Path) -> dict[str, Any]:
    """Of a file, or of the results in a folder; a StudyError if it is none."""
    file = Path(path) / FILE if Path(path).is_dir() else Path(path)
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StudyError(f"cannot be read as provenance: {error}", at=Place(str(file))) from error
    if not isinstance(found, dict) or not isinstance(found.get("inputs"), dict):
        raise StudyError("is no provenance: it has no 'inputs'", at=Place(str(file)))
    return found


def provenance_of(path: str | Path) -> dict[str, Any] | None:
    """Of results: in the JSON itself, in the folder, or beside it; None if there is none.

    A table of a sweep is a folder, with the provenance of all tables beside it.
    """
    there = Path(path)
    if there.suffix == ".json":
        found = json.loads(there.read_text(encoding="utf-8"))
        return found.get(KEY) if isinstance(found, dict) else None
    folders = (there, there.parent) if there.is_dir() else (there.parent,)
    found = (read_provenance(folder) for folder in folders if (folder / FILE).is_file())
    return next(found, None)


def _plain_name(name: str) -> str:
    """A file is called without its folder, so that a folder that moved changes nothing."""
    return Path(name).name if name.endswith((".yaml", ".yml")) else name


def _input(noun: Any, settings: Collection[str]) -> dict[str, Any]:
    found = quantities(noun)
    values = {path: [each.value, each.unit] for path, each in found.items()}
    own = {
        path: each._replace(source=SETTING) if _is_set(path, settings) else each
        for path, each in found.items()
    }
    told = {path: _told(each) for path, each in own.items()}
    return {"kind": type(noun).__name__, "sha256": _hash(values), "quantities": told}


def _is_set(path: str, settings: Collection[str]) -> bool:
    return any(path == setting or path.startswith(f"{setting}.") for setting in settings)


def _told(quantity: Quantity) -> dict[str, Any]:
    """Without what is empty."""
    fields = quantity._asdict()
    return {key: value for key, value in fields.items() if key == "value" or value}


def _hash(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


@lru_cache(maxsize=1)
def code_hash() -> str:
    """Of accelsim's own source."""
    package = Path(__file__).resolve().parent.parent
    found = hashlib.sha256()
    for file in sorted(package.rglob("*.py")):
        found.update(file.relative_to(package).as_posix().encode("utf-8"))
        found.update(file.read_bytes())
    return found.hexdigest()
