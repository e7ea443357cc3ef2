"""Names of tensors as the language has them, one for each tensor of a graph."""

from collections.abc import Iterator, Sequence

from accelsim.interop.graph import Graph


class Names:
    """A view has the name of what it views. A part and a join have their own, and `made_of` says
    of what."""

    def __init__(self, graph: Graph) -> None:
        self.made_of: dict[str, tuple[str, ...]] = {}
        self._own: dict[str, str] = {}
        self._taken: set[str] = set()
        self._again: dict[str, int] = {}
        self._views = {
            made: node.reads[0] for node in graph.nodes if node.op == "view" for made in node.makes
        }
        for node in graph.nodes:
            if node.op == "part":
                whole = self.of(node.reads[0])
                for made in node.makes:
                    self._own[made] = self._free(f"{whole}_part")
                    self.made_of[self._own[made]] = (whole,)
            elif node.op == "join":
                self.made_of[self.of(node.makes[0])] = tuple(map(self.of, node.reads))

    def of(self, name: str) -> str:
        while name in self._views:
            name = self._views[name]
        if name not in self._own:
            self._own[name] = self._free(name)
        return self._own[name]

    def of_each(self, names: Sequence[str]) -> list[str]:
        """Different ones, also where a tensor is read twice."""
        found: list[str] = []
        for name in map(self.of, names):
            again = self._free(f"{name}_part") if name in found else name
            if again != name:
                self.made_of[again] = (name,)
            found.append(again)
        return found

    def _free(self, name: str) -> str:
        free = next(each for each in self._spelled(_letters(name)) if each not in self._taken)
        self._taken.add(free)
        return free

    def _spelled(self, name: str) -> Iterator[str]:
        if name not in self._again:
            self._again[name] = 2
            yield name
        while True:
            self._again[name] += 1
            yield f"{name}_{self._again[name] - 1}"


def _letters(name: str) -> str:
    letters = "".join(each if each.isascii() and each.isalnum() else "_" for each in name)
    letters = letters.strip("_") or "T"
    return letters[0].upper() + letters[1:] if letters[0].isalpha() else f"T{letters}"
