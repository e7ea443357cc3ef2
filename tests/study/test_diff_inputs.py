"""Why results differ, from inputs that were made to differ."""

from accelsim.arch.load import load_arch
from accelsim.mapping.load import load_mapping
from accelsim.study.diff_inputs import diff_inputs
from accelsim.study.provenance import SETTING, provenance
from accelsim.workload.load import load_workload

FUSEMAX = load_arch("fusemax_cloud")
WORKLOAD = load_workload("attention/one_pass")
BEFORE = provenance({"one_pass": WORKLOAD, "fusemax_cloud": FUSEMAX})


def test_the_same_inputs_differ_in_nothing():
    assert diff_inputs(BEFORE, BEFORE) == []


def test_a_setting_is_told_with_both_sources():
    path = "memories.DRAM.bandwidth"
    faster = load_arch("fusemax_cloud", {path: "800 GiB/s"})
    after = provenance({"one_pass": WORKLOAD, "fusemax_cloud": faster}, [path])
    (change,) = diff_inputs(BEFORE, after)
    assert (change.of, change.path, change.unit) == ("fusemax_cloud", path, "B/s")
    assert (change.before, change.after) == (400 * 2**30, 800 * 2**30)
    assert change.source_before.startswith("FuseMax artifact")
    assert change.source_after == SETTING


def test_another_machine_is_compared_with_the_one_it_replaces():
    after = provenance({"one_pass": WORKLOAD, "other": load_arch("flat_cloud")})
    changes = diff_inputs(BEFORE, after)
    assert (changes[0].path, changes[0].before, changes[0].after) == ("", "fusemax_cloud", "other")
    assert {change.of for change in changes} == {"fusemax_cloud → other"}
    added = [change.path for change in changes if change.before is None]
    assert any(path.startswith("compute.") for path in added)


def test_what_has_no_counterpart_is_named():
    mapping = load_mapping("fusemax_binding")
    after = provenance({"one_pass": WORKLOAD, "fusemax_cloud": FUSEMAX, "binding": mapping})
    (added,) = diff_inputs(BEFORE, after)
    assert (added.of, added.before, added.after) == ("nothing → binding", None, "binding")
    (gone,) = diff_inputs(after, BEFORE)
    assert (gone.before, gone.after) == ("binding", None)


def test_another_program_goes_first():
    changes = diff_inputs({**BEFORE, "accelsim": "0.0.1"}, BEFORE)
    assert [(c.of, c.path, c.before) for c in changes] == [("program", "accelsim", "0.0.1")]
