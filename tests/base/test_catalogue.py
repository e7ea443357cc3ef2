from pathlib import Path

import pytest

from accelsim.base import catalogue
from accelsim.base.catalogue import Entry, entries, find
from accelsim.base.errors import CatalogueError

FILES = {
    "workloads/attention/one_pass.yaml": "about: One\n  pass.\nword: 2 B\n",
    "workloads/attention/three_pass.yaml": "about: Three passes.\n",
    "workloads/other/three_pass.yaml": "about: Another.\n",
    "workloads/shapes/bert.yaml": "about: A shape.\n",
    "workloads/traces/azure_conv.yaml": "about: A trace.\n",
    "arch/spatial/toy.yaml": "about: A toy.\n",
    "arch/gpu/h100_sxm.yaml": "about: A GPU.\n",
    "studies/fusemax/study.yaml": "question: How fast?\n",
    "studies/published/tables.yaml": "about: Numbers.\n",
}


@pytest.fixture(autouse=True)
def shipped(tmp_path, monkeypatch):
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    monkeypatch.setattr(catalogue, "shipped", lambda: tmp_path)
    return tmp_path


def test_a_name_in_full_and_a_short_one_mean_the_same_file(shipped):
    assert find("attention/one_pass", "workloads") == find("one_pass", "workloads")
    assert find("one_pass", "workloads") == shipped / "workloads/attention/one_pass.yaml"


def test_a_machine_is_found_with_or_without_its_folder(shipped):
    for name in ("toy", "spatial/toy", "arch/spatial/toy"):
        assert find(name, "machines") == shipped / "arch/spatial/toy.yaml"
    assert find("h100_sxm", "arch") == shipped / "arch/gpu/h100_sxm.yaml"


def test_a_study_is_called_like_its_folder(shipped):
    assert find("fusemax", "studies") == shipped / "studies/fusemax/study.yaml"
    assert [entry.name for entry in entries("studies")] == ["fusemax"]


def test_shapes_and_traces_lie_under_workloads_and_are_none(shipped):
    assert find("azure_conv", "traces") == shipped / "workloads/traces/azure_conv.yaml"
    with pytest.raises(CatalogueError, match="there is no workload 'azure_conv'"):
        find("azure_conv", "workloads")


def test_what_ends_in_yaml_is_a_path():
    assert find("somewhere/mine.yaml", "workloads") == Path("somewhere/mine.yaml")


def test_a_short_name_of_two_entries_is_refused():
    with pytest.raises(CatalogueError) as caught:
        find("three_pass", "workloads")
    assert str(caught.value) == (
        "'three_pass' could be attention/three_pass or other/three_pass. Write it in full"
    )


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(CatalogueError) as caught:
        find("one_pas", "workloads")
    assert str(caught.value) == (
        "there is no workload 'one_pas', and no such file. Did you mean 'one_pass'?"
    )


def test_a_name_without_its_end_suggests_those_that_begin_with_it(shipped):
    with pytest.raises(CatalogueError, match="Did you mean 'attention/one_pass'"):
        find("one", "workloads")
    both = "Did you mean 'attention/three_pass' or 'other/three_pass'?"
    with pytest.raises(CatalogueError, match=both):
        find("three", "workloads")


def test_an_unknown_kind_is_refused():
    with pytest.raises(CatalogueError, match="Did you mean 'workloads'"):
        entries("workload")


def test_an_entry_tells_what_it_is_about_in_one_line(shipped):
    assert entries("workloads")[0] == Entry(
        "attention/one_pass",
        "workload",
        "One pass.",
        str(shipped / "workloads/attention/one_pass.yaml"),
    )
    assert [entry.name for entry in entries("shapes")] == ["bert"]


def test_hyphens_dots_and_capitals_are_as_good_as_underscores(shipped):
    file = shipped / "workloads/models/qwen3_0_6b.yaml"
    file.parent.mkdir()
    file.write_text("about: A model.\n")
    for name in ("qwen3_0_6b", "qwen3-0.6b", "Qwen3-0.6B"):
        assert find(name, "models") == file
    assert find("H100-SXM", "machines") == shipped / "arch/gpu/h100_sxm.yaml"
    assert "models/qwen3_0_6b" not in catalogue.names("workloads")


def test_a_file_that_comes_later_is_found_and_others_are_passed_over(shipped):
    folder = shipped / "workloads/linear"
    folder.mkdir()
    (folder / "notes.txt").touch()
    (folder / "retention.yaml").write_text("about: Later.\n")
    assert find("retention", "workloads") == folder / "retention.yaml"
    assert "linear/notes" not in [entry.name for entry in entries("workloads")]


def test_a_name_of_another_kind_says_what_it_is():
    with pytest.raises(CatalogueError, match="no system 'toy': it is a machine"):
        find("toy", "systems")
