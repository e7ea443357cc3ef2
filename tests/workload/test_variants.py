import pytest

from accelsim.base.errors import WorkloadError
from accelsim.workload import variants as module
from accelsim.workload.variants import named, variants, variants_of


def test_a_form_is_a_variant_of_its_own():
    found = {each.name: each for each in variants()}["linear/lightning_2:decode"]
    assert (found.family, found.row, found.form) == ("linear", "linear/lightning_2", "decode")
    assert (found.phase, found.preset, found.equals) == ("decode", None, None)
    assert found.about.startswith("one token; the state SP is read")
    assert found.source.startswith("Qin et al. 2024")


def test_a_variant_says_what_it_rewrites():
    found = {each.name: each for each in variants()}
    assert found["linear/lightning_2:quadratic"].equals == "chunked"


def test_a_preset_has_the_first_form_and_its_own_source():
    names = [each.name for each in variants() if each.preset == "xsqa"]
    assert names == ["heads/sqa:xsqa:prefill"]
    found = next(each for each in variants() if each.preset == "xsqa")
    assert found.source.startswith("SQA (arXiv 2510.01817), extreme")


def test_with_every_preset_each_form_has_it():
    names = [each.name for each in variants(every_preset=True) if each.preset == "xsqa"]
    assert names == [f"heads/sqa:xsqa:{form}" for form in ("prefill", "causal", "decode")]


def test_a_variant_loads_as_the_cascade_of_its_name():
    found = next(each for each in variants() if each.name == "heads/sqa:xsqa:prefill")
    cascade = found.load()
    assert (cascade.name, cascade.ranks["H"]) == ("heads/sqa:xsqa:prefill", 4)


def test_files_of_one_cascade_are_no_variants():
    assert variants_of("attention/one_pass") == ()
    assert not [each for each in variants() if each.family == "attention"]


def test_listing_reads_no_cascade(monkeypatch):
    def refuse(name):
        raise AssertionError(f"{name} was loaded")

    monkeypatch.setattr(module, "load_workload", refuse)
    assert len(variants()) > 300


def test_a_row_means_all_its_forms_and_a_form_itself():
    known = variants()
    assert {each.row for each in named(["mla"], known)} == {"heads/mla"}
    assert len(named(["heads/mla"], known)) > 5
    assert [each.name for each in named(["mla:decode", "mla:decode"], known)] == [
        "heads/mla:decode"
    ]
    assert [each.name for each in named(["sqa:xsqa"], known)] == ["heads/sqa:xsqa:prefill"]
    assert [each.name for each in named(["sqa:xsqa:decode"], known)] == ["heads/sqa:xsqa:decode"]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("mlaa", "there is no mechanism 'mlaa'. Did you mean 'mla'?"),
        ("mla:decod", "heads/mla has no form or preset 'decod'. Did you mean 'decode'?"),
        ("one_pass", "there is no mechanism 'one_pass'. `accelsim zoo` shows all"),
    ],
)
def test_an_unknown_name_suggests_the_nearest(word, said):
    with pytest.raises(WorkloadError) as error:
        named([word], variants())
    assert str(error.value) == said
