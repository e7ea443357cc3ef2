import pytest

from accelsim.base.errors import InputError
from accelsim.cli.options import parsed_settings, settings_by_input

KNOWN = {
    "workload": ["ranks", "word"],
    "arch": ["clock", "memories"],
    "mapping": ["ranks", "tiles"],
}


def test_the_last_setting_of_a_path_counts_and_values_may_have_equals_signs():
    assert parsed_settings(["ranks.P=1", "ranks.P=2", "about=a=b"]) == {
        "ranks.P": "2",
        "about": "a=b",
    }


@pytest.mark.parametrize("assignment", ["ranks.P", "=4", "ranks.P=", ""])
def test_what_is_no_setting_is_refused(assignment):
    with pytest.raises(InputError) as caught:
        parsed_settings([assignment])
    assert str(caught.value) == (
        f"--set {assignment!r} is no setting; write it like --set ranks.P=4096"
    )


def test_a_setting_goes_to_its_prefix_or_to_the_first_input_with_that_key():
    found = settings_by_input(["arch.clock=1 GHz", "ranks.P=4", "mapping.ranks.M0=8"], KNOWN)
    assert found == {
        "workload": {"ranks.P": "4"},
        "arch": {"clock": "1 GHz"},
        "mapping": {"ranks.M0": "8"},
    }


def test_a_setting_that_no_input_has_names_the_nearest():
    with pytest.raises(InputError) as caught:
        settings_by_input(["memory.DRAM.bandwidth=1 GB/s"], KNOWN)
    assert str(caught.value) == (
        "--set memory.DRAM.bandwidth: no input has 'memory'. Did you mean 'memories'?"
    )
