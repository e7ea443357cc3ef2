"""The shipped YAML, by name: from a source checkout and from an installed wheel alike.

    kind          folder                 a name in it
    workloads     workloads/             attention/one_pass
    shapes        workloads/shapes/      bert
    traces        workloads/traces/      azure_conv
    models        workloads/models/      llama3_70b
    machines      arch/spatial, arch/gpu fusemax_cloud     (or spatial/fusemax_cloud)
    calibrations  arch/gpu/calibration/  hopper
    kernels       arch/kernel/           flash_attention_2
    systems       arch/system/
    mappings      arch/mapping/
    spaces        arch/space/
    parts         arch/parts/
    studies       studies/<name>/study.yaml

A name may leave out leading folders as long as it stays unique; BERT finds bert, and qwen3-0.6B
finds qwen3_0_6b. What ends in `.yaml`, or is a file, is taken as a path.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from os import DirEntry, scandir
from pathlib import Path
from typing import NamedTuple

from accelsim.base.errors import CatalogueError, did_you_mean
from accelsim.base.yamlfile import read_head


class Shelf(NamedTuple):
    """Where the entries of one kind lie, and what one of them is called."""

    folders: tuple[str, ...]
    entry: str
    without: tuple[str, ...] = ()


class Entry(NamedTuple):
    """A shipped file: its name, what it is, its first sentence, where it lies."""

    name: str
    kind: str
    about: str
    file: str


SHELVES = {
    "workloads": Shelf(("workloads",), "workload", without=("shapes", "traces", "models")),
    "shapes": Shelf(("workloads/shapes",), "shape"),
    "traces": Shelf(("workloads/traces",), "trace"),
    "models": Shelf(("workloads/models",), "model"),
    "machines": Shelf(("arch/spatial", "arch/gpu"), "machine", without=("calibration",)),
    "calibrations": Shelf(("arch/gpu/calibration",), "calibration"),
    "kernels": Shelf(("arch/kernel",), "kernel"),
    "systems": Shelf(("arch/system",), "system"),
    "mappings": Shelf(("arch/mapping",), "mapping"),
    "spaces": Shelf(("arch/space",), "space"),
    "parts": Shelf(("arch/parts",), "part"),
    "studies": Shelf(("studies",), "study", without=("published",)),
    "arch": Shelf(("arch/spatial", "arch/gpu", "arch/system"), "machine", without=("calibration",)),
}


def find(name_or_path: str | Path, kind: str) -> Path:
    """The file that is meant: a path, or the name of a shipped entry of this kind."""
    text = str(name_or_path)
    if text.endswith((".yaml", ".yml")) or Path(text).is_file():
        return Path(text)
    named = dict(_files(kind))
    found = _meant(text, sorted(named))
    if len(found) == 1:
        return Path(named[found[0]])
    raise _not_one(text, kind, found, list(named))


def matching(text: str, kind: str) -> list[str]:
    """The names of this kind that the text could mean."""
    return _meant(text, names(kind))


def _meant(text: str, known: Sequence[str]) -> list[str]:
    plain = {_plain(name): name for name in known}
    return _matches(text, known) or [plain[name] for name in _matches(_plain(text), list(plain))]


def entries(kind: str) -> list[Entry]:
    """What is shipped of this kind, by name."""
    shelf = _shelf(kind)
    return [_entry(shelf, name, file) for name, file in sorted(_files(kind))]


def names(kind: str) -> list[str]:
    return sorted(name for name, _ in _files(kind))


@lru_cache(maxsize=1)
def shipped() -> Path:
    """The folder that holds workloads/, arch/ and studies/."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_shipped"
    return installed if installed.is_dir() else package.parent


def _shelf(kind: str) -> Shelf:
    if kind not in SHELVES:
        remedy = did_you_mean(kind, SHELVES) or f"There are {', '.join(SHELVES)}"
        raise CatalogueError(f"nothing of the kind {kind!r} is shipped", remedy=remedy)
    return SHELVES[kind]


def _files(kind: str) -> Iterator[tuple[str, str]]:
    """Names and files of a kind, as texts: every load asks, and paths take ten times as long."""
    shelf = _shelf(kind)
    for folder in shelf.folders:
        root = str(shipped() / folder)
        for name, file in sorted(_studies(root) if kind == "studies" else _below(root)):
            if name.split("/")[0] not in shelf.without:
                yield name, file


def _below(root: str, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every YAML file below a folder, and its path there without the suffix."""
    for entry in _listed(root):
        if entry.name.endswith(".yaml"):
            yield f"{prefix}{entry.name.removesuffix('.yaml')}", entry.path
        elif entry.is_dir(follow_symlinks=False):
            yield from _below(entry.path, f"{prefix}{entry.name}/")


def _studies(root: str) -> Iterator[tuple[str, str]]:
    for entry in _listed(root):
        file = f"{entry.path}/study.yaml"
        if Path(file).is_file():
            yield entry.name, file


def _listed(root: str) -> list[DirEntry[str]]:
    if not Path(root).is_dir():
        return []
    with scandir(root) as entries:
        return list(entries)


def _matches(text: str, known: Sequence[str]) -> list[str]:
    """The name itself, or else the names that end in the text."""
    return [name for name in known if name == text] or [n for n in known if _ends(n, text)]


def _plain(text: str) -> str:
    return text.lower().replace("-", "_").replace(".", "_")


def _ends(name: str, text: str) -> bool:
    """one_pass means attention/one_pass; spatial/toy and arch/spatial/toy mean the machine toy."""
    return name.endswith(f"/{text}") or text.endswith(f"/{name}")


def _not_one(text: str, kind: str, found: list[str], known: list[str]) -> CatalogueError:
    one = _shelf(kind).entry
    if found:
        return CatalogueError(f"{text!r} could be {' or '.join(found)}", remedy="Write it in full")
    short = {name.rpartition("/")[2]: name for name in known}
    begun = [name for name in known if name.rpartition("/")[2].startswith(f"{_plain(text)}_")]
    longer = " or ".join(map(repr, begun))
    meant = f"Did you mean {longer}?" if longer else did_you_mean(text, [*known, *short])
    remedy = meant or f"`accelsim list {kind}` shows what is shipped"
    others = [shelf.entry for each, shelf in SHELVES.items() if _is_named(text, each)]
    instead = f": it is a {others[0]}" if others else ", and no such file"
    return CatalogueError(f"there is no {one} {text!r}{instead}", remedy=remedy)


def _is_named(text: str, kind: str) -> bool:
    return any(name in (text, _plain(text)) for name in names(kind))


def _entry(shelf: Shelf, name: str, file: str) -> Entry:
    head = read_head(file, ("about", "question"))
    about = head.get("about") or head.get("question", "")
    return Entry(name, shelf.entry, " ".join(about.split()), file)
