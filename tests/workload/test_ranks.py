import numpy as np
import pytest

from accelsim.base.errors import InputError, Place
from accelsim.workload.ranks import resolve_ranks

PARTITION = {"M": ("M1", "M0")}


def resolved(declared, partitions=None):
    places = dict.fromkeys(declared, Place("w.yaml", 4))
    return resolve_ranks(declared, partitions or {}, places)


def test_a_size_may_be_an_expression_over_other_ranks():
    assert resolved({"D": "H * E", "H": 12, "E": 64})["D"] == 768


def test_ten_in_tiles_of_four_are_three_tiles():
    assert resolved({"M": 10, "M0": 4}, PARTITION)["M1"] == 3


def test_three_tiles_of_four_are_twelve_if_the_whole_is_not_declared():
    assert resolved({"M1": 3, "M0": 4}, PARTITION)["M"] == 12


def test_three_levels_of_tiles_multiply():
    assert resolved({"M": 4096, "M1": 4, "M0": 256}, {"M": ("M2", "M1", "M0")})["M2"] == 4


def test_sizes_may_be_arrays():
    sizes = resolved({"M": np.array([10, 100, 1000]), "M0": 4}, PARTITION)
    assert sizes["M1"].tolist() == [3, 25, 250]


@pytest.mark.parametrize("size", [0, -4, 1e30, 2.5, True, 2**62 + 1])
def test_a_rank_is_a_whole_number_of_at_least_1(size):
    with pytest.raises(InputError) as error:
        resolved({"P": size})
    assert str(error.value) == (
        f"w.yaml:4: rank P is {size}, but a rank is a whole number from 1 to 2^62. "
        "Write it like 'P: 1024'"
    )


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        (
            {"P": "E + 1", "E": "P", "M": 4, "M0": 2},
            "w.yaml:4: the sizes of P, E depend on each other. Give one of them a number",
        ),
        (
            {"P": "Mm", "M": 4, "M0": 2},
            "w.yaml:4: rank P is 'Mm', but there is no rank 'Mm'. Did you mean 'M'?",
        ),
        (
            {"M": 10},
            "w.yaml:4: rank M0 of the partition M -> M1, M0 has no size. Declare M0 under 'ranks'",
        ),
        (
            {"M": 10, "M0": 4, "M1": 2},
            "w.yaml:4: rank M1 is 2, but M = 10 in tiles of 4 makes 3. Leave out M1, or change M0",
        ),
    ],
)
def test_a_bad_size_is_refused_with_place_fact_and_remedy(declared, message):
    with pytest.raises(InputError) as error:
        resolved(declared, PARTITION)
    assert str(error.value) == message


@pytest.mark.parametrize("size", [0, -4, 2.5])
def test_an_inner_tile_of_nothing_is_refused_before_the_outer_one_is_derived_from_it(size):
    with pytest.raises(InputError, match=f"rank M0 is {size}, but a rank is a whole number"):
        resolved({"M": 10, "M0": size}, PARTITION)


@pytest.mark.parametrize(
    "sizes",
    [
        np.array([4, 0, 8]),
        np.array([4, 2**62 + 1]),
        np.array([4.0, 2.5, 8.0]),
        np.array([4.0, np.nan]),
    ],
)
def test_one_bad_size_in_an_array_is_found(sizes):
    with pytest.raises(InputError, match="but a rank is a whole number from 1"):
        resolved({"P": sizes})
