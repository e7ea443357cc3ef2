"""A mapping that a peer found, as one of our mapping YAML files."""

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Any

Node = dict[str, Any]
Nest = dict[str, Any]


def as_mapping(nests: Sequence[Nest], workload: str, ranks: dict[str, int]) -> dict[str, Any]:
    """The data of a mapping YAML.

    Einsums that hand a tensor over on chip share their outermost loops: they are phases of one step
    that repeats for every tile of these. All others are steps of their own.
    """
    outermost = nests[0]["nodes"][0]["memory"]
    shared = _shared_loops(nests, outermost)
    is_fused = len(nests) > 1 and bool(shared)
    phases = [{"run": {nest["array"]: [nest["einsum"]]}} for nest in nests]
    tile = {loop["rank"]: _left(shared, loop["rank"], ranks[loop["rank"]]) for loop in shared}
    steps = [{"name": n["einsum"], "phases": [p]} for n, p in zip(nests, phases, strict=True)]
    return {
        "about": "Found by another tool.",
        "source": "benchmarks/peers/run.py",
        "workload": workload,
        "machine": "spatial",
        "nests": [_as_nest(nest, outermost) for nest in nests],
        "schedule": [{"name": "fused", "tile": tile, "phases": phases}] if is_fused else steps,
        "share": _rooms(nests, len(shared), outermost) if is_fused else [],
    }


def _rooms(nests: Sequence[Nest], shared: int, outermost: str) -> list[list[str]]:
    """Tensors that are not held at the same time, where phases follow one another.

    A tile that is held inside all shared loops lives from the first phase that uses it to the last.
    """
    lives: dict[str, tuple[int, int]] = {}
    for phase, nest in enumerate(nests):
        for tensor in _held_inside(nest, shared, outermost):
            lives[tensor] = (lives.get(tensor, (phase,))[0], phase)
    rooms: list[list[str]] = []
    for tensor, (first, _) in sorted(lives.items(), key=lambda life: life[1]):
        free = [room for room in rooms if lives[room[-1]][1] < first]
        if free:
            free[0].append(tensor)
        else:
            rooms.append([tensor])
    return [room for room in rooms if len(room) > 1]


def _held_inside(nest: Nest, shared: int, outermost: str) -> Iterator[str]:
    """What a nest first keeps on chip inside its `shared` outermost loops."""
    loops = 0
    met: set[str] = set()
    for node in nest["nodes"]:
        loops += "rank" in node and not node["axis"]
        if "memory" in node and node["memory"] != outermost:
            yield from (t for t in node["keep"] if t not in met and loops >= shared)
            met.update(node["keep"])


def _shared_loops(nests: Sequence[Nest], outermost: str) -> list[Node]:
    """The outermost loops in time that all have in common, if some tensor is only on chip."""
    everywhere = {t for nest in nests for node in nest["nodes"] for t in node.get("keep", ())}
    stored = {
        t
        for nest in nests
        for node in nest["nodes"]
        for t in node.get("keep", ())
        if node["memory"] == outermost
    }
    if stored == everywhere:
        return []
    loops = [[n for n in nest["nodes"] if "rank" in n and not n["axis"]] for nest in nests]
    alike = takewhile(lambda at: all(each == at[0] for each in at), zip(*loops, strict=False))
    return [at[0] for at in alike]


def _left(loops: Sequence[Node], rank: str, size: int) -> int:
    for loop in loops:
        size = -(-size // loop["factor"]) if loop["rank"] == rank else size
    return size


def _as_nest(nest: Nest, outermost: str) -> dict[str, Any]:
    levels: list[dict[str, Any]] = [{"memory": outermost, "keep": [], "loops": {}}]
    for node in nest["nodes"]:
        if "memory" in node:
            _keep(levels, node)
        elif node["axis"]:
            _spread(levels, node, nest["array"])
        else:
            _loop(levels, node)
    return {"einsums": [nest["einsum"]], "array": nest["array"], "levels": levels}


def _keep(levels: list[dict[str, Any]], node: Node) -> None:
    last = levels[-1]
    if last.get("memory") == node["memory"] and not last["loops"]:
        last["keep"] = sorted({*last["keep"], *node["keep"]})
    else:
        levels.append({"memory": node["memory"], "keep": list(node["keep"]), "loops": {}})


def _spread(levels: list[dict[str, Any]], node: Node, array: str) -> None:
    if "array" not in levels[-1]:
        levels.append({"array": array, "spatial": {}})
    levels[-1]["spatial"].setdefault(node["axis"], {})[node["rank"]] = node["factor"]


def _loop(levels: list[dict[str, Any]], node: Node) -> None:
    """A rank that is cut again needs a level of its own: one level has each rank once."""
    last = levels[-1]
    if "array" in last or node["rank"] in last["loops"]:
        memories = [level["memory"] for level in levels if "memory" in level]
        levels.append({"memory": memories[-1], "keep": [], "loops": {}})
    levels[-1]["loops"][node["rank"]] = node["factor"]
