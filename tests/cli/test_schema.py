import json
from functools import lru_cache

import pytest
from jsonschema import Draft202012Validator

from accelsim.base.catalogue import shipped
from accelsim.base.yamlfile import read_yaml
from accelsim.cli.kinds import KINDS
from accelsim.cli.schema import MARK, text_of
from accelsim.cli.schemas import SCHEMAS, schema_of

FILES = [
    file
    for folder in ("arch", "workloads", "studies")
    for file in sorted((shipped() / folder).rglob("*.yaml"))
]


@lru_cache(maxsize=64)
def validator(name):
    return Draft202012Validator(
        json.loads((shipped() / "docs" / "schema" / f"{name}.json").read_text())
    )


def complaints(name, value):
    return [error.message for error in validator(name).iter_errors(value)]


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda each: each.name)
def test_the_committed_schema_is_the_generated_one(schema):
    """`accelsim schema --out schema` writes them anew."""
    assert (shipped() / "docs" / "schema" / f"{schema.name}.json").read_text() == text_of(schema)
    Draft202012Validator.check_schema(schema.content())


def test_every_kind_of_file_has_a_schema():
    assert {kind.record for kind in KINDS} <= {schema.record for schema in SCHEMAS}
    assert {file.stem for file in (shipped() / "docs" / "schema").iterdir()} == {
        s.name for s in SCHEMAS
    }


def test_every_shipped_file_names_its_schema_and_keeps_to_it():
    """The first line's path leads from the file to the schema of the kind that the file is."""
    assert len(FILES) > 250
    for file in FILES:
        node = read_yaml(file)
        first = file.read_text().partition("\n")[0]
        meant = file.parent / first.removeprefix(MARK)
        assert first.startswith(MARK), file
        assert meant.resolve() == shipped() / "docs" / "schema" / f"{schema_of(node).name}.json", (
            file
        )
        assert complaints(meant.stem, node.to_plain()) == [], file


@pytest.mark.parametrize("file", FILES[:: len(FILES) // 40], ids=lambda each: each.stem)
def test_a_misspelt_key_is_not_valid(file):
    node = read_yaml(file)
    for key, value in node.to_plain().items():
        misspelt = {**node.to_plain(), f"{key}x": value}
        del misspelt[key]
        said = complaints(schema_of(node).name, misspelt)
        assert any(f"'{key}x' was unexpected" in each for each in said)


@pytest.mark.parametrize(
    ("name", "path", "value", "said"),
    [
        ("spatial/fusemax_cloud", ("clock",), "940", "does not match"),
        ("spatial/fusemax_cloud", ("memories", 0, "capasity"), "1 B", "'capasity' was unexpected"),
        ("gpu/h100_sxm", ("memories", 0, "bandwidth"), "3 TB", "is not valid under any"),
    ],
)
def test_wrong_values_and_keys_inside_are_not_valid(name, path, value, said):
    node = read_yaml(shipped() / "arch" / f"{name}.yaml")
    content = node.to_plain()
    place = content
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert any(said in each for each in complaints(schema_of(node).name, content))


@pytest.mark.parametrize(
    ("cascade", "valid"),
    [("C[m,n] += A[m,k] * B[k,n]", True), ("# nothing", False), ("just words", False)],
)
def test_a_cascade_is_text_of_einsums(cascade, valid):
    content = {"word": "2 B", "ranks": {"M": 4, "N": "M"}, "cascade": cascade}
    assert bool(complaints("workload", content)) is not valid


def test_ranks_are_upper_case():
    assert complaints("shape", {"about": "", "source": "", "ranks": {"m": 4}})


def test_the_command_lists_and_prints(run):
    listed = json.loads(run("schema", "--json").out)
    assert [each["name"] for each in listed] == [each.name for each in SCHEMAS]
    assert json.loads(run("schema", "gpu").out)["title"] == "gpu"
    ended = run("schema", "gpus")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err == "there is no kind of file 'gpus'. Did you mean 'gpu'?\n"


def test_a_file_of_ones_own_is_wired_once(run, tmp_path):
    file = tmp_path / "mine" / "deep.yaml"
    file.parent.mkdir()
    text = "about: A shape.\nsource: made up\nranks: {B: 1, P: 4}\n"
    file.write_text(text)
    for _ in range(2):
        said = run("schema", "--out", str(tmp_path / "s"), "--wire", str(file.parent))
        assert said.out.endswith(
            f"s: {len(SCHEMAS)} schemas, and 1 files name theirs in the first line\n"
        )
    assert file.read_text() == f"{MARK}../s/shape.json\n{text}"
    assert run("check", str(file)).status == 0


def test_a_file_of_no_kind_stops_it_before_anything_is_written(run, tmp_path):
    (tmp_path / "a.yaml").write_text("nothing: known\n")
    ended = run("schema", "--out", str(tmp_path / "s"), "--wire", str(tmp_path))
    assert (ended.status, (tmp_path / "s").exists()) == (2, False)
    assert run("schema", "--wire", str(tmp_path)).status == 2
