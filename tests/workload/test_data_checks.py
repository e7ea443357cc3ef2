"""What a file says of data: densities of masks, tables, ranks of presets."""

import pytest

from accelsim.base.errors import InputError
from accelsim.base.yamlfile import parse_yaml
from accelsim.workload.forms import chosen
from accelsim.workload.load import read_workload

HEAD = "word: 2 B\nranks: {P: 4, M: 8}\ninputs: {A: [M], X: [P, M], W: [P]}\n"
MASKED = "cascade: |\n  Y[p] += A[m] where X[p,m]\n"
WINDOW = "cascade: |\n  Y[p] += A[m] where p - m < W[p]\n"


def density(value: str) -> str:
    return f"densities: {{X: {{value: {value}, source: made up}}}}\n"


@pytest.mark.parametrize(
    ("keys", "cascade", "complaint"),
    [
        (density("1.5"), MASKED, "w.yaml:4: value: '1.5' must be at most 1"),
        (density("-1"), MASKED, "w.yaml:4: value: '-1' must be at least 0"),
        (
            density("1 / L"),
            MASKED,
            "w.yaml:4: densities: X: there is no rank 'L'. The ranks are M, P",
        ),
        (density("1 / (P - 4)"), MASKED, "w.yaml:4: densities: X: '1 / (P - 4)': division by zero"),
        (
            "values: {W: []}\n",
            WINDOW,
            "w.yaml:4: values: W has none. Give a number for each element; fewer are repeated",
        ),
        (
            "values: {W: [2, 1.5]}\n",
            WINDOW,
            "w.yaml:4: values: W has 1.5, but conditions compare it with positions. "
            "Give whole numbers",
        ),
    ],
)
def test_what_is_said_of_data_must_mean_something(keys: str, cascade: str, complaint: str):
    with pytest.raises(InputError) as error:
        read_workload(parse_yaml(HEAD + keys + cascade, "w.yaml"), "w")
    assert str(error.value) == complaint


def test_a_table_that_no_condition_compares_may_hold_fractions():
    text = HEAD + "values: {W: [0.5]}\ncascade: |\n  Y[p] += A[m] * W[p] where X[p,m]\n"
    assert read_workload(parse_yaml(text, "w.yaml"), "w").values == {"W": (0.5,)}


def test_presets_have_ranks_of_the_file_or_of_a_form():
    forms = "forms:\n  decode: {ranks: {K: 2}, cascade: 'Y[p] += A[m] where X[p,m]'}\n"
    good = HEAD + forms + "presets: {a: {source: x, ranks: {P: 2, K: 1}}}\n"
    assert chosen(parse_yaml(good, "w.yaml"), ["a"])[0]["ranks"]["P"].text == "2"
    with pytest.raises(InputError) as error:
        chosen(parse_yaml(good.replace("K: 1", "KK: 1"), "w.yaml"), [])
    assert str(error.value) == "w.yaml:6: preset a: there is no rank 'KK'. Did you mean 'K'?"
