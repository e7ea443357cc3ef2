"""Whether a cascade is still equal after it was rewritten, or written down and read again."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from accelsim.base.yamlfile import parse_yaml
from accelsim.workload.einsum import Cascade
from accelsim.workload.interpret import interpret
from accelsim.workload.load import read_workload
from accelsim.workload.rewrite import workload_text
from accelsim.workload.rewrite.trial import random_inputs

EQUAL = 1e-9


def assert_equal(before: Cascade, after: Cascade, inputs: Mapping[str, Any] | None = None) -> None:
    """Both cascades make the same of the same numbers, wherever these are finite."""
    given_inputs = inputs or random_inputs(before)
    expected = interpret(before, given_inputs)
    own = {name: array for name, array in given_inputs.items() if name in after.inputs}
    found = interpret(after, own)
    assert set(found) == set(expected)
    for name, array in expected.items():
        finite = np.isfinite(array)
        scale = 1 + np.abs(array[finite])
        assert np.all(np.abs(found[name][finite] - array[finite]) <= EQUAL * scale), name


def reloaded(cascade: Cascade) -> Cascade:
    return read_workload(parse_yaml(workload_text(cascade), "w.yaml"), cascade.name)
