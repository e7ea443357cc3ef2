"""Graphs made here, node by node, against closed forms and against numpy."""

import contextlib

import numpy as np
import pytest

from accelsim import counts, interpret
from accelsim.base.errors import InputError, WorkloadError
from accelsim.interop.onnx_graph import from_onnx

onnx = pytest.importorskip("onnx")
helper, FLOAT = onnx.helper, onnx.TensorProto.FLOAT
OTHER = [helper.make_opsetid("com.microsoft", 1)]


def info(name, shape):
    return helper.make_tensor_value_info(name, FLOAT, shape)


def weight(name, shape):
    return onnx.numpy_helper.from_array(np.zeros(shape, np.float32), name)


def number(name, value):
    return onnx.numpy_helper.from_array(np.array(value, np.float32), name)


@pytest.fixture
def saved(tmp_path):
    def save(nodes, inputs, outputs, weights=(), opset=17):
        graph = helper.make_graph(nodes, "small", inputs, outputs, weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset), *OTHER])
        file = tmp_path / "model.onnx"
        onnx.save(model, str(file))
        return file

    return save


def spelled_out(saved, tokens=6):
    """Two heads of 8 with a scale and a mask, between two products of weights."""
    nodes = [
        helper.make_node("MatMul", ["x", "wq"], ["q"], name="to_q"),
        helper.make_node("Reshape", ["q", "shape"], ["q4"]),
        helper.make_node("Transpose", ["q4"], ["qh"], perm=[0, 2, 1, 3]),
        helper.make_node("MatMul", ["qh", "kt"], ["s"]),
        helper.make_node("Div", ["s", "root"], ["scaled"]),
        helper.make_node("Add", ["scaled", "mask"], ["masked"]),
        helper.make_node("Softmax", ["masked"], ["a"], axis=-1),
        helper.make_node("MatMul", ["a", "v"], ["o"], name="attend"),
        helper.make_node("Transpose", ["o"], ["ot"], perm=[0, 2, 1, 3]),
        helper.make_node("Reshape", ["ot", "flat"], ["o2"]),
        helper.make_node("Gemm", ["o2", "wo", "bo"], ["y"], name="out", transB=1),
        helper.make_node("Relu", ["y"], ["z"], name="relu"),
    ]
    shape = onnx.numpy_helper.from_array(np.array([1, 6, 2, 8]), "shape")
    flat = onnx.numpy_helper.from_array(np.array([6, 16]), "flat")
    given = [weight("wq", (10, 16)), weight("wo", (4, 16)), weight("bo", (4,)), number("root", 2.0)]
    inputs = [info("x", [1, tokens, 10]), info("kt", [1, 2, 8, 7]), info("v", [1, 2, 7, 8])]
    inputs.append(info("mask", [6, 7]))
    return saved(nodes, inputs, [info("z", [6, 4])], [*given, shape, flat])


def test_a_graph_is_linked_cascades_and_the_rest_is_named(saved):
    found = from_onnx(spelled_out(saved))
    assert [(step.node, step.op) for step in found.steps] == [
        ("to_q", "product"),
        ("attend", "attention"),
        ("out", "product"),
    ]
    assert [link.tensor for link in found.links] == ["Q", "O"]
    assert [str(each) for each in found.left_out] == ["relu (Relu, 24 elements): not understood"]
    first, attention, last = (counts(step.cascade).operations for step in found.steps)
    assert first["mac"] == 6 * 10 * 16
    assert (attention["mac"], attention["exp"]) == (2 * (2 * 6 * 7 * 8), 2 * 6 * 7)
    assert (last["mac"], last["add"]) == (6 * 16 * 4, 6 * 4)
    assert found.weights == {"Wq", "Wo", "Bo", "Root", "Shape", "Flat"}


def test_its_attention_computes_softmax_of_scores_times_values(saved):
    step = from_onnx(spelled_out(saved)).steps[1]
    generator = np.random.default_rng(1)
    q, k, v, mask = (
        generator.standard_normal(shape)
        for shape in ((1, 2, 6, 8), (1, 2, 8, 7), (1, 2, 7, 8), (6, 7))
    )
    given = dict(zip(("Q", "Kt", "V", "Mask"), (q * step.scale, k, v, mask), strict=True))
    scores = np.exp(q @ k / 2 + mask)
    expected = scores / scores.sum(-1, keepdims=True) @ v
    np.testing.assert_allclose(interpret(step.cascade, given)["O"], expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("shapes", "heads"),
    [
        (([1, 4, 6, 8], [1, 2, 7, 8], [1, 2, 7, 5]), {}),
        (([1, 6, 32], [1, 7, 16], [1, 7, 10]), {"q_num_heads": 4, "kv_num_heads": 2}),
    ],
)
def test_the_attention_operator_in_both_of_its_layouts(saved, shapes, heads):
    node = helper.make_node("Attention", ["q", "k", "v"], ["y"], is_causal=1, **heads)
    inputs = [info(name, shape) for name, shape in zip("qkv", shapes, strict=True)]
    (step,) = from_onnx(saved([node], inputs, [info("y", None)], opset=23)).steps
    assert step.scale == pytest.approx(8**-0.5)
    ranks = {rank: step.cascade.ranks[rank] for rank in "BHGPMEF"}
    assert ranks == {"B": 1, "H": 4, "G": 2, "P": 6, "M": 7, "E": 8, "F": 5}
    seen = 1 + 2 + 3 + 4 + 5 + 6
    assert counts(step.cascade).operations["mac"] == 4 * seen * (8 + 5)


def test_softmax_and_batched_products_by_themselves(saved):
    nodes = [
        helper.make_node("MatMul", ["a", "b"], ["y"]),
        helper.make_node("Softmax", ["y"], ["z"]),
    ]
    inputs = [info("a", [3, 4, 5]), info("b", [3, 5, 6])]
    product, softmax = from_onnx(saved(nodes, inputs, [info("z", [3, 4, 6])])).steps
    assert counts(product.cascade).operations == {"mac": 3 * 4 * 5 * 6}
    assert counts(softmax.cascade).operations["exp"] == 3 * 4 * 6


def test_sizes_that_the_file_leaves_open_are_asked_for(saved):
    node = helper.make_node("MatMul", ["a", "b"], ["y"])
    file = saved(
        [node], [info("a", ["batch", 5])], [info("y", ["batch", 6])], [weight("b", (5, 6))]
    )
    with pytest.raises(
        InputError, match=r"these sizes are open: batch. Give them, like --size batch=1"
    ):
        from_onnx(file)
    (step,) = from_onnx(file, {"batch": 7}).steps
    assert step.cascade.ranks == {"M": 7, "N": 6, "K": 5}


def test_bad_files_are_refused_in_a_line(saved, tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"no graph")
    with pytest.raises(InputError, match=r"a\.onnx: this is no ONNX file"):
        from_onnx(tmp_path / "a.onnx")
    with pytest.raises(InputError, match=r"b\.onnx: no such file"):
        from_onnx(tmp_path / "b.onnx")
    relu = saved([helper.make_node("Relu", ["x"], ["y"])], [info("x", [2])], [info("y", [2])])
    with pytest.raises(WorkloadError, match="small has no product of matrices and no attention"):
        from_onnx(relu)


def test_operators_of_other_domains_are_named_with_their_domain(saved):
    nodes = [
        helper.make_node("MatMul", ["a", "b"], ["y"]),
        helper.make_node("Attention", ["y"], ["z"], domain="com.microsoft", name="other"),
    ]
    inputs = [info("a", [4, 5]), info("b", [5, 6])]
    (left,) = from_onnx(saved(nodes, inputs, [info("z", [4, 6])])).left_out
    assert (left.op, left.elements) == ("com.microsoft.Attention", 24)
    (left,) = from_onnx(saved(nodes, inputs, [info("z", None)])).left_out
    assert str(left) == (
        "other (com.microsoft.Attention, size not known): "
        "its inputs or attributes are not those of com.microsoft.Attention"
    )


def test_sizes_that_contradict_each_other_or_are_nothing_are_named(saved):
    nodes = [
        helper.make_node("MatMul", ["a", "w"], ["p"]),
        helper.make_node("Add", ["p", "b"], ["z"], name="sum"),
    ]
    inputs, given = [info("a", ["m", 5]), info("b", ["n", 6])], [weight("w", (5, 6))]
    file = saved(nodes, inputs, [info("z", [None, 6])], given)
    (left,) = from_onnx(file, {"m": 2, "n": 3}).left_out
    assert str(left) == (
        "sum (Add, size not known): "
        "its inputs of (2, 6) and (3, 6) do not fit (Incompatible dimensions)"
    )
    nothing = (
        r"model\.onnx: small has no .*: one of its tensors has no elements; give sizes above 0"
    )
    with pytest.raises(WorkloadError, match=nothing):
        from_onnx(file, {"m": 0, "n": 0})


def test_a_damaged_file_ends_with_a_line_whatever_is_damaged(saved):
    """Each byte of a small file, turned over."""
    file = spelled_out(saved)
    whole, read, places = file.read_bytes(), 0, range(0, len(file.read_bytes()), 7)
    for place in places:
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        with contextlib.suppress(InputError):
            from_onnx(file)
            read += 1
    # Of some bytes, such as those of names, nothing hangs; others are missed.
    assert 0 < read < len(places)


def test_a_graph_without_nodes_is_refused(saved):
    with pytest.raises(InputError, match=r"model\.onnx: its graph has no nodes"):
        from_onnx(saved([], [info("x", [2])], [info("x", [2])]))


def test_a_tower_of_a_thousand_nodes_has_a_step_for_each_product(saved):
    nodes = []
    for layer in range(300):
        x, p, s, y = (f"{name}{layer}" for name in "xpsy")
        nodes += [
            helper.make_node("Reshape", [x, "shape"], [p]),
            helper.make_node("MatMul", [p, "w"], [s]),
            helper.make_node("Relu", [s], [y]),
            helper.make_node("Add", [y, x], [f"x{layer + 1}"]),
        ]
    shape = onnx.numpy_helper.from_array(np.array([1, 4, 8]), "shape")
    given = [weight("w", (8, 8)), shape]
    file = saved(nodes, [info("x0", [1, 4, 8])], [info("x300", [1, 4, 8])], given)
    assert len(from_onnx(file).steps) == 300
