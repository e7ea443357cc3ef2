import pytest

from accelsim.arch.calibrated import calibrated
from accelsim.base.errors import ArchError
from accelsim.base.yamlfile import parse_yaml


def beneath(folder, name, text):
    file = folder / f"{name}.yaml"
    file.write_text(text)
    return file


@pytest.fixture
def measured(tmp_path):
    text = """\
source: measured
pipes:
- {name: fma, lanes: 128, latency: 4 cycles, source: row fma}
- {name: odd, lanes: 1, source: row odd}
launch: {floor: 4 us, source: row launch}
"""
    return beneath(tmp_path, "old", text)


def joined(text):
    return calibrated(parse_yaml(text)).to_plain()


def test_the_machine_goes_first_and_the_sources_follow_one_another(measured):
    found = joined(f"calibration: {measured}\npipes: [{{name: fma, lanes: 64, source: sheet}}]\n")
    fma = {"name": "fma", "lanes": 64, "latency": "4 cycles", "source": "sheet; the rest: row fma"}
    assert found["pipes"][0] == fma
    assert found["launch"] == {"floor": "4 us", "source": "row launch"}


def test_a_source_of_which_nothing_is_taken_is_left_out(measured):
    own = "{name: odd, lanes: 2, source: sheet}"
    found = joined(f"calibration: {measured}\npipes: [{own}]\n")
    assert found["pipes"][0] == {"name": "odd", "lanes": 2, "source": "sheet"}


def test_a_generation_carries_over_another_and_says_so(measured, tmp_path):
    text = f"""\
source: nothing measured
carried_over: {{from: {measured}, without: [odd]}}
pipes: [{{name: fma, lanes: 64, source: guide}}]
"""
    found = joined(f"calibration: {beneath(tmp_path, 'new', text)}\n")
    (fma,) = found["pipes"]
    assert fma["lanes"] == 64
    assert fma["source"] == f"guide; the rest: assumed to be as on {measured} (row fma)"
    assert found["launch"]["source"] == f"assumed to be as on {measured} (row launch)"
    assert "carried_over" not in found


def test_what_was_carried_over_is_not_carried_on(measured, tmp_path):
    second = beneath(tmp_path, "second", f"carried_over: {{from: {measured}}}\n")
    third = beneath(tmp_path, "third", f"carried_over: {{from: {second}}}\n")
    with pytest.raises(ArchError, match="is itself carried over. Name one that was measured"):
        calibrated(parse_yaml(f"calibration: {third}\n"))
