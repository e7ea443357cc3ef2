import json

import numpy as np
import pytest

ARCH = """\
arch:
  nodes:
  - !Memory
    name: Main
    size: inf
    tensors: {keep: All}
    actions: [{name: read, energy: 4e-12}, {name: write, energy: 4e-12}]
  - !Compute
    name: MAC
    actions: [{name: compute, energy: 1e-12, throughput: 1e9}]
"""


def test_a_machine_is_printed_and_remarks_stand_beside_it(run, tmp_path):
    file = tmp_path / "arch.yaml"
    file.write_text(ARCH)
    ended = run("import", "timeloop", str(file))
    assert ended.err == f"{file}:6: Main: 'tensors' is left out\n"
    machine = tmp_path / "machine.yaml"
    machine.write_text(ended.out)
    assert "a machine, and nothing is wrong with it" in run("check", str(machine)).out


def test_it_can_be_written_and_said_as_json(run, tmp_path):
    file, machine = tmp_path / "arch.yaml", tmp_path / "machine.yaml"
    file.write_text(ARCH)
    said = json.loads(run("import", "timeloop", str(file), "-o", str(machine), "--json").out)
    assert (said["yaml"], said["file"]) == (machine.read_text(), str(machine))
    assert [(each["line"], each["text"]) for each in said["remarks"]] == [
        (6, "Main: 'tensors' is left out")
    ]


def test_what_is_bad_ends_with_a_line_and_writes_nothing(run, tmp_path):
    machine = tmp_path / "machine.yaml"
    ended = run("import", "timelop", "x.yaml")
    assert ended.status == 2
    assert ended.err.startswith("nothing of the kind 'timelop' can be imported. Did you mean")
    (tmp_path / "a.yaml").write_text("a: 1\n")
    ended = run("import", "timeloop", str(tmp_path / "a.yaml"), "-o", str(machine))
    assert (ended.status, machine.exists()) == (2, False)
    assert "a.yaml:1: no architecture is in this file" in ended.err


@pytest.fixture
def graph(tmp_path):
    """A product with weights, and a Relu."""
    onnx = pytest.importorskip("onnx")
    helper = onnx.helper
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["y"], name="project"),
        helper.make_node("Relu", ["y"], ["z"], name="relu"),
    ]
    x, z = (
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["batch", size])
        for name, size in (("x", 5), ("z", 6))
    )
    w = onnx.numpy_helper.from_array(np.zeros((5, 6), np.float32), "w")
    made = helper.make_graph(nodes, "small", [x], [z], [w])
    file = tmp_path / "model.onnx"
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)]), str(file))
    return str(file)


def test_a_graph_is_a_row_a_step_and_workloads_in_a_folder(run, graph, tmp_path):
    folder = tmp_path / "out"
    ended = run("import", "onnx", graph, "--size", "batch=3", "-o", str(folder))
    assert ended.err == "left out: relu (Relu, 18 elements): not understood\n"
    assert ended.out.splitlines()[1].split()[:3] == ["Project", "product", "M=3"]
    assert [each.name for each in folder.iterdir()] == ["Project.yaml"]
    assert "a workload" in run("check", str(folder / "Project.yaml")).out
    said = json.loads(run("import", "onnx", graph, "--size", "batch=3", "--json").out)
    assert said["steps"][0]["operations"] == {"mac": 3 * 5 * 6}
    assert said["left_out"][0]["node"] == "relu"


def test_open_sizes_and_bad_ones_end_with_a_line(run, graph, tmp_path):
    ended = run("import", "onnx", graph, "-o", str(tmp_path / "out"))
    assert (ended.status, (tmp_path / "out").exists()) == (2, False)
    assert "these sizes are open: batch. Give them, like --size batch=1" in ended.err
    assert "--size 'batch' is no size" in run("import", "onnx", graph, "--size", "batch").err
    given = ("import", "onnx", graph, "--size", "batch=1", "--value")
    assert "--value 'x=one' is no number" in run(*given, "x=one").err
    assert "it has no input 'y'. It has x" in run(*given, "y=1").err
    assert run(*given, "x=1").status == 0
