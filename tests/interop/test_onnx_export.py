"""Modules through torch's exporters, against closed forms and against `from_torch` of the same."""

import importlib.util
import logging
from functools import cache

import pytest

pytest.importorskip("onnx")
torch = pytest.importorskip("torch")

from accelsim import counts, from_onnx, from_torch  # noqa: E402
from accelsim.base.errors import InputError, WorkloadError  # noqa: E402
from tests.interop import exported_modules as modules  # noqa: E402

B, T, C, D, H, G, E = (getattr(modules, name) for name in ("B", "T", "C", "D", "H", "G", "E"))
SCRIPT = importlib.util.find_spec("onnxscript") is not None
needs_onnxscript = pytest.mark.skipif(not SCRIPT, reason="onnxscript is not installed")
WIDE, NARROW, OUT = B * T * D * 3 * D, B * T * D * G * E, B * T * D * D
FUSED, APART = [WIDE, OUT], [OUT, NARROW, NARROW, OUT]


def pairs_of_a_window(window):
    return sum(min(p + 1, window) for p in range(T))


#: Pairs of a query and a key a head, and the products beside attention; on paper.
EXPECTED = {
    "Causal": (T * (T + 1) // 2, FUSED),
    "Cached": (sum(C + p + 1 for p in range(T)), APART),
    "Windowed": (pairs_of_a_window(3), FUSED),
    "Stored": (T * (T + 1) // 2, FUSED),
    "Grouped": (T * T, APART),
    "Summed": (T * T, FUSED),
    "Library": (T * T, FUSED),
}
INPUTS = {"Cached": ("x", "keys", "values"), "Windowed": ("x", "padding")}
SHAPES = {"x": (B, T, D), "keys": (B, G, C, E), "values": (B, G, C, E)}
OPEN = {"x": {0: "batch", 1: "seq"}, "padding": {0: "batch", 1: "seq"}}
CACHE = {0: "batch", 2: "past"}


def example(called):
    names = INPUTS.get(called, ("x",))
    padding = torch.ones(B, T, dtype=torch.int64)
    return {n: padding if n == "padding" else torch.zeros(SHAPES[n]) for n in names}


def exported(called, folder, exporter, opset):
    """Through the exporter of TorchScript, or the one of torch.export, with sizes left open."""
    given, file = example(called), folder / "module.onnx"
    module = getattr(modules, called)().eval()
    open_sizes = {name: OPEN.get(name, CACHE) for name in given}
    said = {"input_names": list(given), "opset_version": opset}
    logging.disable(logging.WARNING)
    try:
        if exporter == "script":
            said |= {"dynamo": False, "dynamic_axes": open_sizes}
        else:
            said |= {"dynamic_shapes": tuple(open_sizes.values()), "verbose": False}
        torch.onnx.export(module, tuple(given.values()), str(file), **said)
    finally:
        logging.disable(logging.NOTSET)
    return file


def sizes_of(called):
    return {"batch": B, "seq": T} | ({"past": C} if called == "Cached" else {})


def values_of(called):
    return {"padding": 1} if called == "Windowed" else {}


def macs(steps):
    return [counts(step.cascade).operations["mac"] for step in steps]


def ranks_of(step):
    """Without those of a window, which has a name of its own."""
    return dict(step.cascade.ranks)


CASES = [
    *(pytest.param("script", 14, called) for called in EXPECTED),
    *(pytest.param("script", None, called) for called in ("Causal", "Windowed", "Library")),
    *(
        pytest.param("export", None, called, marks=needs_onnxscript)
        for called in ("Causal", "Windowed", "Grouped")
    ),
    pytest.param("export", 23, "Cached", marks=needs_onnxscript),
]


@cache
def traced_by_torch(called):
    given = tuple(example(called).values())
    return from_torch(getattr(modules, called)(), given, values=values_of(called))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("exporter", "opset", "called"), CASES)
def test_what_is_exported_is_what_torch_traces_and_what_paper_says(
    exporter, opset, called, tmp_path
):
    pairs, products = EXPECTED[called]
    file = exported(called, tmp_path, exporter, opset)
    found = from_onnx(file, sizes_of(called), values_of(called))
    traced = traced_by_torch(called)
    assert found.left_out == traced.left_out == ()
    assert [step.op for step in found.steps] == [step.op for step in traced.steps]
    expected = [*products[:-1], 2 * B * H * pairs * E, products[-1]]
    assert macs(found.steps) == macs(traced.steps) == expected
    assert list(map(ranks_of, found.steps)) == list(map(ranks_of, traced.steps))
    assert len(found.links) == len(traced.links) == len(products)
    scales = [step.scale for step in found.steps if step.op == "attention"]
    assert scales == pytest.approx([E**-0.5], rel=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_shared_keys_are_read_once_a_group(tmp_path):
    """G, not H, heads of keys and values are read: those of the cache and the new ones."""
    found = from_onnx(exported("Cached", tmp_path, "script", None), sizes_of("Cached"))
    (step,) = (step for step in found.steps if step.op == "attention")
    keys, values = (step.cascade.tensors[name] for name in step.cascade.inputs[1:])
    sizes = step.cascade.ranks
    assert [sizes[rank] for rank in keys.ranks] == [B, G, E, C + T]
    assert [sizes[rank] for rank in values.ranks] == [B, G, C + T, E]


@pytest.mark.filterwarnings("ignore")
def test_more_context_is_a_rank_that_is_set(tmp_path):
    """The mask of the cached tokens stands as M - P, so that M can grow."""
    found = from_onnx(exported("Cached", tmp_path, "script", None), sizes_of("Cached"))
    (step,) = (step for step in found.steps if step.op == "attention")
    empty = from_onnx(tmp_path / "module.onnx", sizes_of("Cached") | {"past": 0})
    (first,) = (step for step in empty.steps if step.op == "attention")
    assert counts(first.cascade).operations["mac"] == 2 * B * H * (T * (T + 1) // 2) * E
    longer = step.cascade.with_ranks(M=1000)
    pairs = sum(1000 - T + p + 1 for p in range(T))
    assert counts(longer).operations["mac"] == 2 * B * H * pairs * E


@pytest.mark.filterwarnings("ignore")
def test_a_mask_of_an_input_is_named_with_what_to_give(tmp_path):
    file = exported("Windowed", tmp_path, "script", None)
    found = from_onnx(file, sizes_of("Windowed"))
    why = next(each.why for each in found.left_out if each.op == "attention")
    assert why == (
        "its mask depends on padding, and what it hides is not known; "
        "give its value, such as padding=1 if 1 hides nothing"
    )


@pytest.mark.filterwarnings("ignore")
def test_misspelled_sizes_and_inputs_are_refused_with_what_there_is(tmp_path):
    file = exported("Windowed", tmp_path, "script", None)
    with pytest.raises(InputError, match=r"no open size 'bacth'. Did you mean 'batch'\?"):
        from_onnx(file, {"bacth": 2, "seq": 3})
    with pytest.raises(InputError, match=r"no input 'pading'. Did you mean 'padding'\?"):
        from_onnx(file, sizes_of("Windowed"), {"pading": 1})
    with pytest.raises(InputError, match=r"these sizes are open: seq. Give them, like --size seq"):
        from_onnx(file, {"batch": 2})
    with pytest.raises(WorkloadError, match="no attention"):
        from_torch(torch.nn.ReLU(), (torch.zeros(3),))


@pytest.mark.filterwarnings("ignore")
def test_masks_that_lie_in_a_file_beside_are_read_and_weights_are_not(tmp_path):
    import onnx

    file = exported("Stored", tmp_path, "script", None)
    onnx.save(
        onnx.load(str(file)), str(file), save_as_external_data=True, location="w", size_threshold=99
    )
    assert macs(from_onnx(file, sizes_of("Stored")).steps) == macs(traced_by_torch("Stored").steps)
    (tmp_path / "w").unlink()
    found = from_onnx(file, sizes_of("Stored"))
    assert [step.op for step in found.steps] == ["product", "product"]
    why = "its mask is made by Cast, Equal, Slice, which is not evaluated"
    assert [each.why for each in found.left_out] == ["not understood", why]
