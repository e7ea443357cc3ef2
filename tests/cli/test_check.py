import json

import pytest

from accelsim.base.catalogue import entries, find
from accelsim.cli.kinds import KINDS

MACHINE = """\
about: A toy.
clock: 1 GHz
memories:
- {name: DRAM, bandwidth: 128 B/cycle, read: 31 pJ/B, write: 31 pJ/B}
compute:
- {name: Array, rows: 8, columns: 8, operations: {mac: {energy: 0.6 pJ}}}
"""
SYSTEM = """\
about: A toy.
source: made up
devices:
- {name: H100, machine: h100_sxm, role: both, price: 3.99 USD/h}
"""
WORKLOAD = """\
about: A product.
word: 2 B
ranks: {M: 4, N: 4, K: 4}
inputs: {A: [M, K], B: [K, N]}
cascade: |
  C[m,n] += A[m,k] * B[k,n]
"""


def written(folder, text):
    file = folder / "m.yaml"
    file.write_text(text)
    return str(file)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (MACHINE, "machine"),
        (WORKLOAD, "workload"),
        ("layers: 1\nhidden: 8\nheads: 2\nfeed_forward: 8\nvocabulary: 9\n", "model"),
        ("about: A shape.\nsource: made up\nranks: {B: 1, P: 4}\n", "shape"),
        ("question: How?\nworkload: attention/one_pass\narch: fusemax_cloud\n", "study"),
        ("about: A paper.\nsource: made up\nstudy: fusemax\nclaims: []\n", "paper"),
        (SYSTEM, "system"),
        ("about: A part.\nentries: [{name: X, read: 8 pJ/bit, source: made up}]\n", "part"),
    ],
)
def test_a_good_file_of_any_kind_is_said_to_be_good(run, tmp_path, text, kind):
    file = written(tmp_path, text)
    assert run("check", file) == (0, f"{file}: a {kind}, and nothing is wrong with it\n", "")
    assert json.loads(run("check", file, "--json").out) == {"file": file, "kind": kind, "ok": True}


@pytest.mark.parametrize(
    ("text", "wrong", "complaint"),
    [
        (MACHINE, ("bandwidth", "bandwith"), "4: Memory has no 'bandwith'. Did you mean"),
        (MACHINE, ("128 B/cycle", "128"), "4: bandwidth: '128' is not a quantity in B/s or B/cy"),
        (MACHINE, ("1 GHz", "0 GHz"), "2: clock: '0 GHz' must be above 0"),
        (MACHINE, ("rows: 8", "rows: -4"), "6: rows: '-4' must be above 0"),
        (MACHINE, ("- {name: DRAM", "\t- {name: DRAM"), "4: a tab is used as indentation"),
        (MACHINE, ("clock:", "clock: 2 GHz\nclock:"), "3: 'clock' is given twice, first on line 2"),
        (SYSTEM, ("price", "prize"), "4: Device has no 'prize'. Did you mean 'price'?"),
        (SYSTEM, ("3.99 USD/h", "3.99"), "4: price: '3.99' is not a quantity in USD/h; write it"),
        (SYSTEM, ("h100_sxm", "h100_sxn"), "4: H100: there is no machine 'h100_sxn', and no such"),
        (WORKLOAD, ("M: 4", "M: 0"), "3: "),
        (WORKLOAD, ("M: 4", "M: -4"), "3: "),
        (WORKLOAD, ("M: 4", "M: 1e30"), "3: "),
        (WORKLOAD, ("A[m,k] * B", "A[m,k] ?? B"), "6: "),
        (WORKLOAD, ("cascade", "casacde"), "1: no kind of file has just the keys"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_line_with_its_place(
    run, tmp_path, text, wrong, complaint
):
    file = written(tmp_path, text.replace(*wrong))
    ended = run("check", file)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith(f"{file}:{complaint}")
    assert ended.err.count("\n") == 1


def test_a_shipped_file_may_be_meant_by_its_name(run):
    ended = run("check", "fusemax_binding", "attention/one_pass", "fusemax_cloud")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith(f"{find('fusemax_binding', 'mappings')}: a mapping")
    assert run("check", "nosuch").err == "nosuch: no such file\n"


def test_a_file_of_50_mb_and_a_yaml_bomb_are_refused(run, tmp_path):
    large = tmp_path / "large.yaml"
    with large.open("wb") as stream:
        stream.truncate(50_000_000)
    assert run("check", str(large)).err.startswith(f"{large}: the file is larger than 1 MB")
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    bomb = written(tmp_path, "\n".join(lines))
    assert "more than 100,000 entries once aliases are expanded" in run("check", bomb).err


def test_a_setting_is_checked_with_the_file(run, tmp_path):
    file = written(tmp_path, MACHINE)
    assert run("check", file, "--set", "memories.DRAM.bandwidth=1 TB/s").status == 0
    ended = run("check", file, "--set", "memories.DRAM.bandwidth=1 TB")
    assert (ended.status, "'1 TB' is not a quantity in B/s" in ended.err) == (2, True)


def test_every_kernel_of_rows_passes(run):
    of_rows = [entry for entry in entries("kernels") if entry.name.startswith("rows/")]
    assert len(of_rows) == 7
    for entry in of_rows:
        assert run("check", entry.file).status == 0, entry.file


def test_only_a_mapping_is_held_against_a_workload(run, tmp_path):
    ended = run("check", written(tmp_path, MACHINE), "attention/one_pass", "fusemax_cloud")
    assert (ended.status, "a machine maps nothing" in ended.err) == (2, True)


def test_no_two_kinds_share_a_mark():
    marks = [mark for kind in KINDS for mark in kind.marks]
    assert len(marks) == len(set(marks))


def test_a_workload_without_a_machine_is_refused(run):
    ended = run("check", str(find("fusemax_binding", "mappings")), "attention/one_pass")
    assert ended.status == 2
    assert ended.err == "no machine is named after attention/one_pass. Give both, or neither\n"


def test_a_form_is_checked_by_itself(run):
    ended = run("check", "heads/sqa:xsqa:decode")
    assert ended.status == 0
    assert ended.out.endswith("sqa.yaml: a workload, and nothing is wrong with it\n")


def test_a_form_that_is_not_there_is_refused(run):
    ended = run("check", "heads/sqa:decod")
    assert ended.status == 2
    assert ended.err.endswith("there is no form or preset 'decod'. Did you mean 'decode'?\n")


def test_a_config_of_hugging_face_is_sent_where_it_is_read(run, tmp_path):
    file = tmp_path / "config.json"
    file.write_text('{"model_type": "llama", "hidden_size": 4096}')
    for command in ("check", "show"):
        ended = run(command, str(file))
        assert (ended.status, ended.out) == (2, "")
        assert "a config.json of Hugging Face is a model" in ended.err
        assert "'accelsim model FILE' reads it" in ended.err
