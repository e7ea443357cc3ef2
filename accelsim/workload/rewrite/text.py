"""A cascade as the YAML of a workload, which loads as the same cascade again."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from accelsim.workload.dependencies import offset_over
from accelsim.workload.einsum import Cascade, Einsum


def workload_text(cascade: Cascade) -> str:
    """The file's text; ranks as their author wrote them, where that is known."""
    word = _usual_word(cascade)
    words = {t.name: f"{t.word_bytes:g} B" for t in _existing(cascade) if t.word_bytes != word}
    keys: dict[str, str] = {
        "about": _quoted(cascade.about),
        "source": _quoted(cascade.source),
        "word": f"{word:g} B",
        "words": _flow(words),
        "ranks": _flow({name: _size(size) for name, size in _declared(cascade).items()}),
        "inputs": _flow(_tensor_ranks(cascade, cascade.inputs)),
        "outputs": _flow(_tensor_ranks(cascade, cascade.kept)),
        "tensors": _flow(_tensor_ranks(cascade, _undeducible(cascade))),
        "densities": _flow(
            {
                name: f"{{value: {value!r}, source: {_quoted(f'as in {cascade.name}')}}}"
                for name, value in cascade.densities.items()
            }
        ),
        "values": _flow({name: _list(table) for name, table in cascade.values.items()}),
    }
    head = "\n".join(f"{key}: {value}" for key, value in keys.items() if value)
    body = "\n".join(f"  {line}" for line in str(cascade).splitlines())
    return f"{head}\ncascade: |\n{body}\n"


def _existing(cascade: Cascade) -> list[Any]:
    return [cascade.tensors[name] for name in (*cascade.inputs, *(e.name for e in cascade.einsums))]


def _usual_word(cascade: Cascade) -> float:
    return Counter(tensor.word_bytes for tensor in cascade.tensors.values()).most_common(1)[0][0]


def _declared(cascade: Cascade) -> Mapping[str, Any]:
    return cascade.declared or cascade.ranks


def _size(size: Any) -> str:
    if not isinstance(size, str):
        return str(int(size))
    return _quoted(size) if set(size) & _SPECIAL else size


#: What would end or open something in YAML's `{M1: ...}`.
_SPECIAL = frozenset(",:[]{}#&!|>'\"%@`")


def _tensor_ranks(cascade: Cascade, names: Iterable[str]) -> dict[str, str]:
    return {name: f"[{', '.join(cascade.tensors[name].ranks)}]" for name in names}


def _list(numbers: Iterable[float]) -> str:
    """Each number so that it reads as the same float again."""
    return f"[{', '.join(repr(number) for number in numbers)}]"


def _undeducible(cascade: Cascade) -> list[str]:
    """Tensors whose ranks cannot be read off their Einsum's left side."""
    return [
        einsum.name
        for einsum in cascade.einsums
        if einsum.name not in cascade.kept
        and _read_off(einsum) != cascade.tensors[einsum.name].ranks
    ]


def _read_off(einsum: Einsum) -> tuple[str, ...] | None:
    found = [index.ranks[0] if len(index.ranks) == 1 else "" for index in einsum.output.indices]
    pairs = zip(einsum.output.indices, found, strict=True)
    alone = all(offset_over(index, rank) is not None for index, rank in pairs)
    return tuple(found) if alone and len(set(found)) == len(found) else None


def _flow(entries: Mapping[str, str]) -> str:
    return (
        f"{{{', '.join(f'{key}: {value}' for key, value in entries.items())}}}" if entries else ""
    )


def _quoted(text: str) -> str:
    return json.dumps(" ".join(text.split()), ensure_ascii=False)
