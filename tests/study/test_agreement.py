"""How well a law ranks choices, on a few that can be ranked by hand."""

import numpy as np
import pytest

from accelsim.study.agreement import agreement, discordant, most_among_equals, ranks


def test_equal_values_share_the_mean_of_their_ranks() -> None:
    assert ranks(np.array([7.0, 1.0, 7.0, 3.0])).tolist() == [3.5, 1, 3.5, 2]


def test_a_law_that_is_the_cost_in_another_unit_is_right_about_everything() -> None:
    cost = np.array([1.0, 2, 4, 8])
    found = agreement(1000 * cost, cost)
    assert found.spearman == pytest.approx(1)
    assert (found.choices, found.discordant, found.error, found.equal) == (4, 0, 1, 1)


def test_one_pair_of_three_in_the_wrong_order() -> None:
    """Ranks 1 2 3 against 1 3 2: 1 - 6 · 2 / (3 · 8) = 0.5."""
    law, cost = np.array([1.0, 2, 4]), np.array([1.0, 6, 3])
    found = agreement(law, cost)
    assert found.spearman == pytest.approx(0.5)
    assert found.discordant == pytest.approx(1 / 3)
    # cost / law: 1, 3, 0.75
    assert found.error == 4
    assert (found.under, found.over) == (1, 2)


def test_pairs_that_are_equal_in_one_count_in_neither_order() -> None:
    assert discordant(np.array([1.0, 1, 2]), np.array([5.0, 4, 3])) == 1
    assert discordant(np.array([1.0, 1]), np.array([5.0, 4])) == 0


def test_among_equals_by_the_law_the_costs_differ_by_five() -> None:
    law = np.array([300, 100.0, 104, 301, 106])
    cost = np.array([7.0, 10, 2, 8, 90])
    # 106 is within 5 % of 104 but not of 100; of the last two, costs are 2 and 90.
    assert most_among_equals(law[:4], cost[:4]) == 5
    assert most_among_equals(law, cost) == 45
