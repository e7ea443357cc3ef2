"""Attention that is one node, against closed forms: pairs that are seen times 2 E, a head."""

import numpy as np
import pytest

from accelsim import counts, from_onnx
from accelsim.base.errors import WorkloadError

onnx = pytest.importorskip("onnx")
helper, FLOAT, INT = onnx.helper, onnx.TensorProto.FLOAT, onnx.TensorProto.INT32
B, H, G, E, P, C = 2, 4, 2, 8, 3, 7
MICROSOFT = {"domain": "com.microsoft"}
CAUSAL = sum(C + p + 1 for p in range(P))


def weight(name, *shape):
    return onnx.numpy_helper.from_array(np.zeros(shape, np.float32), name)


@pytest.fixture
def read(tmp_path):
    """The steps of one node, then a product with what it makes, and what is left out."""

    def from_node(op, given, makes=("y",), values=None, weights=(), **said):
        names = [name for name in given if not name.startswith("_")]
        node = helper.make_node(op, ["" if n[0] == "_" else n for n in given], makes, **said)
        after = helper.make_node("MatMul", ["y", "w"], ["z"], name="after")
        inputs = [
            helper.make_tensor_value_info(name, INT if name in ("mask", "n", "t") else FLOAT, shape)
            for name, shape in given.items()
            if name in names and name not in [w.name for w in weights]
        ]
        result = [helper.make_tensor_value_info("z", FLOAT, None)]
        width = said.pop("width", H * E)
        graph = helper.make_graph(
            [node, after], "small", inputs, result, [weight("w", width, 5), *weights]
        )
        imports = [helper.make_opsetid("", 23), helper.make_opsetid("com.microsoft", 1)]
        file = tmp_path / "model.onnx"
        onnx.save(helper.make_model(graph, opset_imports=imports), str(file))
        return from_onnx(file, values=values)

    return from_node


def macs(found):
    return [counts(step.cascade).operations["mac"] for step in found.steps]


CACHES = {"pk": [B, G, C, E], "pv": [B, G, C, E]}
GROUPED = {"q": [B, P, H * E], "k": [B, P, G * E], "v": [B, P, G * E]}
LENGTHS = {"n": [B], "t": []}


def test_a_cache_is_before_the_new_tokens_and_shared_by_groups(read):
    said = {"num_heads": H, "kv_num_heads": G, **MICROSOFT}
    given = {**GROUPED, **CACHES, **LENGTHS}
    found = read("GroupQueryAttention", given, ("y", "nk", "nv"), **said)
    assert macs(found) == [2 * B * H * CAUSAL * E, B * P * H * E * 5]
    step = found.steps[0]
    assert {rank: step.cascade.ranks[rank] for rank in "BHGPM"} == dict(
        zip("BHGPM", (B, H, G, P, C + P), strict=True)
    )
    assert step.cascade.inputs == ("Q", "Nk", "Nv")
    assert [link.tensor for link in found.links] == ["Y_heads"]


def test_of_a_cache_with_room_only_the_tokens_that_are_there_are_read(read):
    said = {"num_heads": H, "kv_num_heads": G, **MICROSOFT}
    given = {**GROUPED, **CACHES, **LENGTHS}
    found = read("GroupQueryAttention", given, ("y", "nk", "nv"), values={"t": 5}, **said)
    assert macs(found)[0] == 2 * B * H * sum(2 + p + 1 for p in range(P)) * E


def test_a_local_window(read):
    said = {"num_heads": H, "kv_num_heads": G, "local_window_size": 4, **MICROSOFT}
    found = read("GroupQueryAttention", {**GROUPED, **CACHES, **LENGTHS}, **said)
    assert macs(found)[0] == 2 * B * H * (4 * P) * E


def test_packed_and_rotated_queries_and_keys_are_named(read):
    said = {"num_heads": H, "kv_num_heads": G, "do_rotary": 1, **MICROSOFT}
    given = {"q": [B, 1, (H + 2 * G) * E], "_k": 0, "_v": 0, **CACHES, **LENGTHS}
    found = read("GroupQueryAttention", given, **said)
    assert macs(found)[0] == 2 * B * H * (C + 1) * E
    assert [(each.op, each.elements) for each in found.left_out] == [
        ("GroupQueryAttention.do_rotary", B * H * E),
        ("GroupQueryAttention.do_rotary", B * G * E),
    ]


def test_many_heads_with_a_padding_mask_that_is_given_or_named(read):
    given = {"q": [B, P, H * E], "k": [B, C, H * E], "v": [B, C, H * E], "_b": 0, "mask": [B, C]}
    said = {"num_heads": H, **MICROSOFT}
    found = read("MultiHeadAttention", given, values={"mask": 1}, **said)
    assert macs(found) == [2 * B * H * P * C * E, B * P * H * E * 5]
    unknown = read("MultiHeadAttention", given, **said)
    assert "its mask depends on mask" in unknown.left_out[0].why


def test_packed_heads_and_a_bias(read):
    given = {"q": [B, P, H, 3, E], "_k": 0, "_v": 0, "b": [3 * H * E]}
    said = {"num_heads": H, "unidirectional": 1, **MICROSOFT}
    found = read("MultiHeadAttention", given, **said)
    assert macs(found)[0] == 2 * B * H * (P * (P + 1) // 2) * E
    assert [(each.op, each.elements) for each in found.left_out] == [
        ("MultiHeadAttention.bias", 3 * B * P * H * E)
    ]


def test_the_product_that_makes_queries_keys_and_values(read):
    given = {"x": [B, P, 16], "wq": 0, "bq": 0}
    weights = [weight("wq", 16, 3 * H * E), weight("bq", 3 * H * E)]
    said = {"num_heads": H, "unidirectional": 1, **MICROSOFT}
    found = read("Attention", given, weights=weights, **said)
    causal = 2 * B * H * (P * (P + 1) // 2) * E
    assert macs(found) == [B * P * 16 * 3 * H * E, causal, B * P * H * E * 5]
    assert [link.tensor for link in found.links] == ["Y_qkv", "Y_heads"]


def test_a_product_with_weights_of_four_bits_and_a_fused_one(read):
    """MatMulNBits packs [N, K] as [N, blocks, bytes]; words are half a byte."""
    packed = onnx.numpy_helper.from_array(np.zeros((H * E, 2, 16), np.uint8), "b")
    given, said = {"x": [B, P, 64], "b": 0, "s": [2 * H * E]}, {"bits": 4, "block_size": 32}
    found = read("MatMulNBits", given, weights=[packed], N=H * E, K=64, **said, **MICROSOFT)
    assert macs(found) == [B * P * 64 * H * E, B * P * H * E * 5]
    step = found.steps[0]
    assert step.cascade.tensors["B"].word_bytes == 0.5
    assert "B" in found.weights
    given = {"x": [B, P, 64], "m": [H * E, 64]}
    fused = read("FusedMatMul", given, transB=1, **MICROSOFT)
    assert macs(fused) == macs(found)


def test_opset_23_with_a_cache_is_causal_behind_it(read):
    given = {**GROUPED, "_mask": 0, **CACHES}
    said = {"q_num_heads": H, "kv_num_heads": G, "is_causal": 1}
    found = read("Attention", given, ("y", "nk", "nv"), **said)
    assert macs(found)[0] == 2 * B * H * CAUSAL * E


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"softcap": 30.0}, "softcap of GroupQueryAttention is not understood"),
        ({"num_heads": 0}, "it does not say its numbers of heads"),
    ],
)
def test_what_is_not_understood_is_named(read, said, complaint):
    given = {**GROUPED, **CACHES, **LENGTHS}
    said = {"num_heads": H, "kv_num_heads": G, **said, **MICROSOFT}
    assert read("GroupQueryAttention", given, **said).left_out[0].why == complaint


def test_sequences_that_share_keys_read_them_once(tmp_path):
    """Two beams over one context: K and V have no rank of sequences."""
    shapes = {"q": [B, H, P, E], "k": [1, 1, E, C], "v": [1, 1, C, E]}
    nodes = [
        helper.make_node("MatMul", ["q", "k"], ["s"]),
        helper.make_node("Softmax", ["s"], ["a"]),
        helper.make_node("MatMul", ["a", "v"], ["y"]),
    ]
    inputs = [helper.make_tensor_value_info(n, FLOAT, shape) for n, shape in shapes.items()]
    result = [helper.make_tensor_value_info("y", FLOAT, None)]
    file = tmp_path / "model.onnx"
    graph = helper.make_graph(nodes, "small", inputs, result)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), str(file))
    (step,) = from_onnx(file).steps
    assert counts(step.cascade).operations["mac"] == 2 * B * H * P * C * E
    assert step.cascade.tensors["K"].ranks == ("G", "E", "M")


def test_a_constant_that_would_fill_the_memory_is_not_made(tmp_path):
    """2^40 numbers that a file of a hundred bytes asks for."""
    shape = onnx.numpy_helper.from_array(np.array([2**20, 2**20]), "shape")
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["ones"]),
        helper.make_node("Trilu", ["ones"], ["mask"], upper=0),
        helper.make_node("Attention", ["q", "k", "v", "mask"], ["y"]),
    ]
    inputs = [helper.make_tensor_value_info(n, FLOAT, [1, 1, 2**20, 8]) for n in "qkv"]
    result = [helper.make_tensor_value_info("y", FLOAT, None)]
    file = tmp_path / "model.onnx"
    graph = helper.make_graph(nodes, "small", inputs, result, [shape])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)]), str(file))
    with pytest.raises(WorkloadError, match="its mask is too large to be evaluated; take smaller"):
        from_onnx(file)
