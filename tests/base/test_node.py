import pytest

from accelsim.base.errors import YamlError
from accelsim.base.yamlfile import parse_yaml

MACHINE = """\
clock: 1 GHz
memories:
- {name: DRAM, bandwidth: 400 GB/s}
- name: Buffer
  bandwidth: 1 TB/s
"""


def test_a_node_knows_the_line_of_its_key_and_of_its_value():
    node = parse_yaml("a:\n  b: 1\nc:\n- 2\n", "m.yaml")
    assert str(node.key_place("c")) == "m.yaml:3"
    assert str(node["c"].elements()[0].place) == "m.yaml:4"


def test_a_mapping_is_its_keys_in_order():
    assert list(parse_yaml(MACHINE)) == ["clock", "memories"]


def test_asking_for_the_wrong_kind_says_what_stands_there():
    node = parse_yaml(MACHINE, "m.yaml")
    with pytest.raises(YamlError, match="m.yaml:1: expected a list, found '1 GHz'"):
        node["clock"].elements()
    with pytest.raises(YamlError, match="m.yaml:3: expected 'key: value' lines, found a sequence"):
        node["memories"].items()
    with pytest.raises(YamlError, match="m.yaml:1: expected one value, found a mapping"):
        _ = node.value


def test_a_missing_key_is_named_with_its_nearest_neighbour():
    with pytest.raises(YamlError, match=r"m.yaml:1: 'clok' is missing. Did you mean 'clock'\?"):
        parse_yaml(MACHINE, "m.yaml")["clok"]
