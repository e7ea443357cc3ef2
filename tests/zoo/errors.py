"""How far each form is from its definition, as a table.

python -m tests.zoo.errors > docs/zoo/proofs.md
"""

import argparse
from collections.abc import Iterator
from typing import Any

import numpy as np

from accelsim.workload.interpret import interpret
from accelsim.workload.passes import passes
from tests.zoo.rows import FORMS, case, forms_of, reference

HEAD = """# The attention zoo: proofs

Every form at small, uneven sizes with random inputs, in float64: the largest difference from a
direct implementation of the paper's definition (`tests/zoo/FAMILY/NAME.py`), or from the form that
it rewrites, relative to the largest value. Passes are those over the ranks with more than one. Made
by `python -m tests.zoo.errors`; the tests hold 1e-9.

| mechanism | held against | largest error | passes as written |
|---|---|---|---|"""


def largest_error(found: Any, expected: Any) -> float:
    """The largest difference, relative to the largest expected value (or 1)."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, f"{found.shape} is not {expected.shape}"
    scale = max(1.0, float(np.abs(expected).max(initial=0.0)))
    return float(np.abs(found - expected).max(initial=0.0)) / scale


def expected_of(row: str, form: str, seed: int) -> dict[str, Any]:
    """What the form should compute from the inputs of its case."""
    each, other = case(row, form, seed), forms_of(row).forms[form].equals
    if other is None:
        function = getattr(reference(row), form, None)
        assert function is not None, f"tests/zoo/{row}.py defines no {form}(x, s)"
        found: dict[str, Any] = function(each.inputs, dict(each.cascade.ranks))
        return found
    # At the same sizes and inputs; ranks that only one of the two has are its own.
    plain = case(row, other, seed).cascade
    sizes = {r: n for r, n in each.cascade.ranks.items() if r in plain.ranks}
    shared = {r: n for r, n in sizes.items() if isinstance(plain.declared.get(r, n), int)}
    return interpret(plain.with_ranks(**shared), each.inputs)


def errors(row: str, form: str, seed: int) -> dict[str, float]:
    """By output of the form."""
    each = case(row, form, seed)
    found, expected = interpret(each.cascade, each.inputs), expected_of(row, form, seed)
    missing = set(each.cascade.outputs) - set(expected)
    assert not missing, f"{', '.join(missing)} has no definition"
    return {name: largest_error(found[name], expected[name]) for name in each.cascade.outputs}


def rows(seeds: int) -> Iterator[str]:
    for row, form in FORMS:
        worst = max(max(errors(row, form, seed).values()) for seed in range(seeds))
        counted = passes(case(row, form).cascade).values()
        listed = ", ".join(f"{each.rank} {each.passes}" for each in counted if each.passes > 1)
        against = forms_of(row).forms[form].equals or "definition"
        yield f"| {row}:{form} | {against} | {worst:.0e} | {listed or '1'} |"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=HEAD.splitlines()[0].strip("# "))
    parser.add_argument("--seeds", type=int, default=3, help="random inputs to try of each form")
    print(HEAD)
    for line in rows(parser.parse_args().seeds):
        print(line, flush=True)
