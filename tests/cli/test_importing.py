import json

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
