"""A space of mappings as text: its numbers that have several values, and its choices."""

from collections.abc import Iterator, Mapping
from math import prod

from accelsim.mapper.stated.space import Several, Space
from accelsim.mapper.stated.values import is_several


def space_text(space: Space) -> str:
    combinations = prod(len(options) for options in space.choices.values())
    lines = [space.about, f"source: {space.source}"]
    lines += [f"for {', '.join(space.workload)}"] if space.workload else []
    lines += [f"extends {space.extends}"] if space.extends else []
    lines += _free("", {**space.ranks, **space.tiles})
    lines += [f"where {condition}" for condition in space.where]
    lines += ["", f"choices ({combinations:,} combinations):"] if space.choices else []
    for name, options in space.choices.items():
        lines.append(f"  {name}")
        for option, each in options.items():
            lines.append(f"    {option}{f': {each.about}' if each.about else ''}")
            lines += _free("      ", {**each.ranks, **each.tiles})
            lines += [f"      where {condition}" for condition in each.where]
    return "\n".join(lines)


def _free(indent: str, numbers: Mapping[str, Several]) -> Iterator[str]:
    for name, said in numbers.items():
        if is_several(said):
            values = ", ".join(map(str, said)) if isinstance(said, tuple) else said
            yield f"{indent}{name}: {values}"
