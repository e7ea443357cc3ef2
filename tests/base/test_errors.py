import pickle

from accelsim.base.errors import Place, RecordError, YamlError, did_you_mean


def test_an_error_gives_place_fact_and_remedy():
    error = RecordError(
        "Memory has no 'capasity'",
        at=Place("m.yaml", 7),
        remedy=did_you_mean("capasity", ["bandwidth", "capacity"]),
    )
    assert str(error) == "m.yaml:7: Memory has no 'capasity'. Did you mean 'capacity'?"


def test_a_remedy_in_lower_case_continues_the_sentence():
    error = YamlError("'512' is not a quantity in B", remedy="write it like '64 B'")
    assert str(error) == "'512' is not a quantity in B; write it like '64 B'"


def test_a_place_without_a_line_is_the_file():
    assert str(YamlError("no such file", at=Place("m.yaml"))) == "m.yaml: no such file"


def test_nothing_is_suggested_for_a_word_that_is_far_from_all():
    assert did_you_mean("clock", ["capacity", "bandwidth"]) is None


def test_a_suggestion_ignores_case():
    assert did_you_mean("dram", ["DRAM", "GlobalBuffer"]) == "Did you mean 'DRAM'?"


def test_an_error_survives_the_trip_to_another_process():
    error = YamlError("no such file", at=Place("m.yaml", 3), remedy="Look again")
    assert str(pickle.loads(pickle.dumps(error))) == "m.yaml:3: no such file. Look again"
