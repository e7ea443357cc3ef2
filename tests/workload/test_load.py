from math import prod

import pytest

from accelsim.base.catalogue import names
from accelsim.base.errors import InputError
from accelsim.base.yamlfile import parse_yaml
from accelsim.workload.load import load_workload, read_workload

FUSEMAX_EINSUMS = ["BQK", "LM", "RM", "SLN", "SLD", "SLNV", "PRM", "SPD", "RD", "SPNV", "RNV", "AV"]
ATTENTION = [name for name in names("workloads") if name.startswith("attention/")]

GOOD = """\
about: A matrix product.
source: by hand
word: 2 B
ranks: {M: 4, N: 5, K: 6}
inputs: {A: [K, M], B: [K, N]}
cascade: |
  Z[m,n] += A[k,m] * B[k,n]
"""


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "w.yaml"
        path.write_text(text)
        return path

    return write


def refusal(path, **arguments):
    with pytest.raises(InputError) as error:
        load_workload(path, **arguments)
    return str(error.value).replace(f"{path.parent}/", "")


def test_a_file_becomes_the_cascade_it_describes(file):
    cascade = load_workload(file(GOOD))
    assert (cascade.name, cascade.about, cascade.source) == ("w", "A matrix product.", "by hand")
    assert dict(cascade.ranks) == {"M": 4, "N": 5, "K": 6}
    assert cascade.tensors["Z"].ranks == ("M", "N")
    assert str(cascade) == "Z[m,n] += A[k,m] * B[k,n]"


def test_a_word_of_its_own_holds_for_one_tensor(file):
    cascade = load_workload(file(GOOD + "words: {Z: 4 B, A: 4 bit}\n"))
    words = {name: tensor.word_bytes for name, tensor in cascade.tensors.items()}
    assert words == {"A": 0.5, "B": 2, "Z": 4}


def test_the_einsum_on_the_eighth_line_says_so(file):
    cascade = load_workload(file(GOOD.replace("cascade: |\n", "cascade: |\n  # a comment\n")))
    assert cascade.einsum("Z").place.line == 8


def test_a_bare_name_is_a_shipped_workload_and_may_leave_out_its_folder():
    assert load_workload("one_pass") == load_workload("attention/one_pass")
    assert load_workload("one_pass").name == "attention/one_pass"


def test_overrides_replace_ranks_and_any_other_path():
    changed = {"ranks.P": "128", "ranks.M1": "4", "ranks.M": "M0 * M1", "word": "1 B"}
    cascade = load_workload("attention/one_pass", overrides=changed)
    assert (cascade.ranks["P"], cascade.ranks["M"]) == (128, 1024)
    assert cascade.tensors["Q"].word_bytes == 1


def test_a_shape_sets_the_ranks_that_the_workload_has_and_an_override_goes_over_it():
    cascade = load_workload("attention/one_pass", overrides={"ranks.H": "2"}, shape="trxl")
    assert cascade.ranks["B"] == 64
    assert cascade.ranks["H"] == 2
    assert "D" not in cascade.ranks


@pytest.mark.parametrize(
    ("shape", "heads", "features", "hidden"),
    [
        ("bert", 12, 768, 3072),
        ("trxl", 16, 1024, 4096),
        ("t5", 8, 512, 2048),
        ("xlm", 16, 2048, 8192),
    ],
)
def test_the_shapes_of_the_fusemax_paper_have_d_equal_to_h_times_e(shape, heads, features, hidden):
    ranks = load_workload("transformer/linear_layers", shape=shape).ranks
    assert (ranks["B"], ranks["H"], ranks["D"], ranks["S"]) == (64, heads, features, hidden)
    assert ranks["H"] * ranks["E"] == ranks["H"] * ranks["F"] == features


@pytest.mark.parametrize("name", names("workloads"))
def test_every_shipped_workload_says_what_it_is_and_where_it_comes_from(name):
    cascade = load_workload(name)
    assert cascade.about.endswith(".") and cascade.source


@pytest.mark.parametrize(
    "name", [n for n in names("workloads") if n.startswith(("attention/", "transformer/"))]
)
def test_attention_and_transformers_declare_batch_heads_and_queries(name):
    assert {"B", "H", "P"} <= set(load_workload(name).ranks)


@pytest.mark.parametrize("name", ATTENTION)
def test_every_attention_reads_q_k_v_and_writes_av_over_b_h_p_f(name):
    cascade = load_workload(name)
    assert cascade.inputs == ("Q", "K", "V")
    assert cascade.tensors["AV"].ranks == ("B", "H", "P", "F")
    assert "AV" in cascade.outputs


def test_one_pass_is_the_twelve_einsums_of_the_fusemax_paper():
    assert sorted(each.name for each in load_workload("one_pass").einsums) == sorted(
        FUSEMAX_EINSUMS
    )


def test_three_pass_and_deferred_division_have_the_names_of_the_fusemax_paper():
    three = [einsum.name for einsum in load_workload("three_pass").einsums]
    deferred = [einsum.name for einsum in load_workload("deferred_division").einsums]
    assert three == ["QK", "GM", "SN", "SD", "A", "AV"]
    assert deferred == ["QK", "GM", "SN", "SD", "SNV", "AV"]


@pytest.mark.parametrize("name", [name for name in ATTENTION if name.endswith("_causal")])
def test_a_causal_form_has_the_einsums_of_the_other_with_conditions_added(name):
    causal, plain = load_workload(name), load_workload(name.removesuffix("_causal"))
    assert [str(each).split(" where ")[0] for each in causal.einsums] == list(
        map(str, plain.einsums)
    )


def test_linear_layers_are_six_products_of_b_p_tokens():
    cascade = load_workload("transformer/linear_layers")
    macs = [prod(cascade.ranks[rank] for rank in each.ranks) for each in cascade.einsums]
    tokens, d, s = 4096, 768, 3072
    assert macs == [tokens * d * d] * 4 + [tokens * d * s] * 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("ranks:", "rnks:"), "w.yaml:4: Workload has no 'rnks'. Did you mean 'ranks'?"),
        (("2 B", "2"), "w.yaml:3: word: '2' is not a quantity in B; "
         "write it like '64 B' or '2 kB'"),
        (("M: 4", "M: 0"), "w.yaml:4: rank M is 0, but a rank is a whole number from 1 to 2^62. "
         "Write it like 'M: 1024'"),
        (("M: 4", "m: 4"), "w.yaml:4: 'm' is not the name of a rank. "
         "Ranks are upper case, like P or M0"),
        (("[K, M]", "[K, MM]"), "w.yaml:5: inputs: A has no declared rank 'MM'. Did you mean 'M'?"),
        (("[K, M]", "[K, K]"), "w.yaml:5: inputs: A has a rank twice: [K, K]. "
         "Declare a second rank of the same size, like 'S: P'"),
        (("{A:", "{a:"), "w.yaml:5: 'a' is not the name of a tensor. "
         "Names of tensors start with a capital letter"),
        (("cascade", "words: {Y: 1 B}\ncascade"), "w.yaml:6: words: Y: there is no such tensor. "
         "It could be A, B, Z"),
        (("cascade", "outputs: {A: [K, M]}\ncascade"), "w.yaml:6: outputs: A: no Einsum "
         "defines it. It could be Z"),
        (("B[k,n]", "B[k,n] ?"), "w.yaml:7: Einsum Z, column 27: the character '?' is not part of "
         "the language. Operators are + - * /; functions are written like exp(X[p])"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_with_place_fact_and_remedy(file, change, message):
    assert refusal(file(GOOD.replace(*change, 1))) == message


def test_an_override_of_an_unknown_rank_names_those_there_are(file):
    assert refusal(file(GOOD), overrides={"ranks.Q": "3"}) == (
        "ranks.Q=3: w has no rank 'Q'. Its ranks are K, M, N"
    )


def test_an_override_with_nonsense_is_told_where_it_stands(file):
    assert refusal(file(GOOD), overrides={"ranks.M": "-4"}) == (
        "ranks.M=-4: rank M is -4, but a rank is a whole number from 1 to 2^62. "
        "Write it like 'M: 1024'"
    )


def test_from_python_an_override_may_be_a_number():
    assert load_workload("attention/one_pass", {"ranks.P": 128}).ranks["P"] == 128


def test_an_override_reaches_a_key_that_the_file_leaves_out():
    cascade = load_workload(
        "attention/one_pass", {"words.BQK": "4 B", "outputs.RM": "[B, H, M1, P]"}
    )
    assert cascade.tensors["BQK"].word_bytes == 2 * cascade.tensors["Q"].word_bytes == 4
    assert "RM" in cascade.outputs


def test_a_machine_is_no_workload():
    with pytest.raises(
        InputError, match="m.yaml:1: this is no workload; it has the keys clock, compute"
    ):
        read_workload(parse_yaml("clock: 1 GHz\ncompute: []\n", "m.yaml"), "m")
