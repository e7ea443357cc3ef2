import pytest

from accelsim.base.errors import YamlError
from accelsim.base.yamlfile import parse_yaml, read_head, read_yaml


def refusal(text):
    with pytest.raises(YamlError) as caught:
        parse_yaml(text, "m.yaml")
    return str(caught.value)


def refusal_of_file(path):
    with pytest.raises(YamlError) as caught:
        read_yaml(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-4", -4),
        ("1e9", 1e9),
        ("1.5", 1.5),
        ("12:30", "12:30"),
        ("yes", "yes"),
        ("true", True),
        ("2020-01-01", "2020-01-01"),
        ("'12'", "12"),
        ("~", None),
        ("512 KiB", "512 KiB"),
    ],
)
def test_scalars_are_what_yaml_1_2_says(text, value):
    node = parse_yaml(f"a: {text}")["a"]
    assert node.value == value
    assert type(node.value) is type(value)


def test_keys_are_text_as_written():
    assert parse_yaml("{1: a, N: b, yes: c, 1e3: d}").keys() == ["1", "N", "yes", "1e3"]


def test_a_block_of_text_keeps_its_lines():
    assert parse_yaml("cascade: |\n  S = 1\n  T = 2\n")["cascade"].value == "S = 1\nT = 2\n"


def test_a_key_given_twice_is_refused():
    assert refusal("a: 1\nb: 2\na: 3\n") == (
        "m.yaml:3: 'a' is given twice, first on line 1. Keep one"
    )


def test_a_tab_as_indentation_is_refused():
    assert refusal("a:\n\tb: 1\n") == "m.yaml:2: a tab is used as indentation. Use spaces"


def test_a_tab_inside_a_line_is_no_harm():
    assert parse_yaml("a:\t1\n").to_plain() == {"a": 1}


def test_a_tag_constructs_nothing():
    text = "a: !!python/object/apply:os.system [ls]\n"
    assert "m.yaml:1: the tag 'tag:yaml.org,2002:python/object/apply:os.system'" in refusal(text)


def test_merge_keys_and_second_documents_are_refused():
    assert "merge keys ('<<') are not read" in refusal("a: &x {b: 1}\nc: {<<: *x}\n")
    assert "m.yaml:2: a second document begins" in refusal("a: 1\n---\nb: 2\n")


def test_text_with_a_colon_needs_quotes():
    assert refusal("about: tiles: two\n") == (
        "m.yaml:1: not YAML: mapping values are not allowed in this context. "
        'Put text that contains ": " into quotes'
    )


def test_an_unfinished_list_names_its_line():
    assert refusal("a: [1,\nb: 2\n").startswith("m.yaml:")


@pytest.mark.parametrize("text", ["", "  \n", "# only a comment\n"])
def test_empty_files_are_refused(tmp_path, text):
    file = tmp_path / "m.yaml"
    file.write_text(text)
    assert refusal_of_file(file) == f"{file}: the file is empty"


def test_aliases_are_read():
    assert parse_yaml("a: &x [1, 2]\nb: *x\n").to_plain() == {"a": [1, 2], "b": [1, 2]}


def test_ten_levels_of_ten_aliases_are_refused_before_they_expand():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert "m.yaml:5: more than 100,000 entries once aliases are expanded" in refusal(
        "\n".join(lines)
    )


def test_an_alias_inside_its_own_anchor_is_refused():
    assert refusal("a: &a [*a]\n") == "m.yaml:1: the alias *a has no anchor above it"


def test_levels_count_through_aliases():
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 60))]
    assert "nested deeper than 50 levels" in refusal("\n".join(lines))


def test_a_hundred_thousand_brackets_are_refused_at_the_fiftieth():
    assert refusal("[" * 100_000) == "m.yaml:1: nested deeper than 50 levels"


def test_a_file_of_50_mb_is_refused_without_reading_it(tmp_path):
    file = tmp_path / "m.yaml"
    with file.open("wb") as stream:
        stream.truncate(50_000_000)
    assert "the file is larger than 1 MB" in refusal_of_file(file)


def test_what_is_not_utf_8_names_its_line(tmp_path):
    file = tmp_path / "m.yaml"
    file.write_bytes(b"a: 1\nb: \xff\n")
    assert refusal_of_file(file) == f"{file}:2: not UTF-8 text. Save it as UTF-8"


def test_a_missing_file_names_its_nearest_neighbour(tmp_path):
    (tmp_path / "toy.yaml").touch()
    file = tmp_path / "tay.yaml"
    assert refusal_of_file(file) == f"{file}: no such file. Did you mean 'toy.yaml'?"


def test_a_missing_folder_and_a_folder_are_named_as_such(tmp_path):
    assert f"there is no folder '{tmp_path}/x'" in refusal_of_file(tmp_path / "x" / "m.yaml")
    assert "is a folder, not a file" in refusal_of_file(tmp_path)


def test_the_head_is_read_no_further_than_needed(tmp_path):
    file = tmp_path / "m.yaml"
    file.write_text("about: A toy.\nrest: [unfinished\n")
    assert read_head(file, ("about",)) == {"about": "A toy."}


def test_a_file_is_parsed_anew_when_its_text_is_another_one(tmp_path):
    file = tmp_path / "m.yaml"
    file.write_text("a: 1\n")
    first = read_yaml(file)
    assert read_yaml(file) is first, "nothing to parse"
    # As long, and within one tick of the clock of files.
    file.write_text("a: 2\n")
    assert read_yaml(file).to_plain() == {"a": 2}


def test_the_same_text_in_another_file_stands_there(tmp_path):
    for name in ("one.yaml", "other.yaml"):
        (tmp_path / name).write_text("a: 1\n")
        assert read_yaml(tmp_path / name).place.file == str(tmp_path / name)
