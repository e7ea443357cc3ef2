"""Mappings made by rules, checked and costed."""

from functools import cache

from accelsim.arch.load import load_arch
from accelsim.cost.evaluate import evaluate
from accelsim.mapping.automatic import automatic_mapping
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check


@cache
def arch_of(machine):
    return load_arch(machine)


def automatic(cascade, arch):
    """The bound mapping, which must be legal, and its cost."""
    mapping = automatic_mapping(cascade, arch)
    bound = bind(mapping, cascade, arch)
    assert check(bound) == ()
    return bound, evaluate(cascade, arch, mapping)
