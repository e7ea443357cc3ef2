"""Spaces as they are written: what is refused, and what options do to a mapping."""

import pytest

from accelsim.arch.load import load_arch
from accelsim.base.catalogue import names
from accelsim.base.errors import InputError, MapperError
from accelsim.base.yamlfile import parse_yaml
from accelsim.mapper.stated.points import points_of
from accelsim.mapper.stated.space import load_space, space_from_yaml
from accelsim.mapper.stated.structures import structures
from accelsim.workload.load import load_workload

HEAD = "about: x\nsource: y\nmachine: spatial\nextends: flat_head\n"


def read(text):
    return space_from_yaml(parse_yaml(HEAD + text, "s.yaml"))


def points(text):
    cascade = load_workload("attention/three_pass", {"ranks.P": "12", "ranks.M": "8"})
    (structure,) = structures(read(text))
    (variant,) = structure.variants
    return points_of(variant, cascade, load_arch("flat_cloud"))


@pytest.mark.parametrize("name", names("spaces"))
def test_what_is_shipped_has_structures(name):
    assert next(structures(load_space(name))).mapping.nests


def test_numbers_may_depend_on_those_before_them():
    found = points("tiles: {P1: divisors of P, R0: divisors of P1 up to 3}\nchoices: {}")
    pairs = list(zip(found["P1"].tolist(), found["R0"].tolist(), strict=True))
    assert pairs == [(p1, r0) for p1 in (1, 2, 3, 4, 6, 12) for r0 in (1, 2, 3) if p1 % r0 == 0]


def test_conditions_leave_points_out():
    found = points("tiles: {P1: 1 to P}\nwhere: [P1 % 2 == 0, P1 * M < 50]\nchoices: {}")
    assert found["P1"].tolist() == [2, 4, 6]
    assert not len(points("tiles: {P1: 1 to P}\nwhere: P > 12\nchoices: {}")["P1"])


def test_options_of_numbers_alone_share_a_structure():
    text = "choices: {rows: {few: {tiles: {P1: 1}}, all: {tiles: {P1: P}}}, K: {no: {}, "
    text += "yes: {keep: [{einsums: QK, memory: GlobalBuffer, tensors: K}]}}}"
    without, kept = structures(read(text))
    assert [variant.tiles["P1"] for variant in without.variants] == [1, "P"]
    assert without.variants[0].taken == {"rows": "few", "K": "no"}
    (nest,) = [nest for nest in kept.mapping.nests if nest.einsums == ("QK",)]
    assert nest.levels[1].keep == ("QK", "K")


def test_a_nest_is_cut_where_only_some_of_its_einsums_keep_a_tensor():
    text = "choices: {x: {y: {keep: [{einsums: SN, memory: DRAM, tensors: SN}]}}}"
    (found,) = structures(read(text))
    kept = {nest.einsums: nest.levels[0].keep for nest in found.mapping.nests}
    assert kept[("GM", "A")] == ()
    assert kept[("SN",)] == ("SN",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("choices: {x: {}}", "the choice 'x' has no options"),
        ("tilez: {P1: 1}\nchoices: {}", "has no 'tilez'. Did you mean 'tiles'"),
        ("tiles: {P1: parts of Z}\nchoices: {}", "'Z' is not known"),
        ("where: Z > 1\nchoices: {}", "the condition 'Z > 1' names Z"),
        (
            "choices: {x: {y: {keep: [{einsums: QQ, memory: DRAM, tensors: K}]}}}",
            "no nest is of QQ",
        ),
        (
            "choices: {x: {y: {keep: [{einsums: QK, memory: L2, tensors: K}]}}}",
            "the nest of QK has no level of L2",
        ),
        (
            "choices: {x: {y: {tiles: {Z: 1}}, z: {}}}",
            "some options give Z a value and others none",
        ),
    ],
)
def test_what_is_wrong_is_said(text, message):
    with pytest.raises(InputError) as caught:
        points(text)
    assert message in str(caught.value)


def test_a_space_extends_one_mapping():
    with pytest.raises(MapperError, match="extends flat, which is a choice of mappings"):
        next(structures(read("choices: {}").model_copy(update={"extends": "flat"})))


def test_a_space_without_a_schedule():
    text = "about: x\nsource: y\nmachine: spatial\nchoices: {x: {y: {share: [[X, Y]]}}}"
    space = space_from_yaml(parse_yaml(text, "s.yaml"))
    with pytest.raises(MapperError, match=r"lacks nests or a schedule where x: y is taken\. Write"):
        next(structures(space))
