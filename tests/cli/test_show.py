import json


def test_a_workload_is_shown_with_its_cascade_and_counts(run):
    out = run("show", "attention/three_pass", "--set", "ranks.P=2", "--set", "ranks.M=3").out
    assert "QK[b,h,p,m] += Q[b,h,p,e] * K[b,h,m,e]" in out
    # One exp per score: B H P M = 12 * 2 * 3 = 72.
    assert " 72 exp" in out


def test_a_machine_is_shown_with_the_sources_of_its_numbers(run):
    out = run("show", "fusemax_cloud", "--set", "memories.DRAM.bandwidth=800 GB/s").out
    assert "DRAM: unbounded, 800 GB/s" in out
    assert "from the parts catalogue:" in out


def test_a_mapping_is_shown_as_loop_nests(run):
    shown = json.loads(run("show", "attention/one_pass", "fusemax_cloud", "--json").out)
    assert shown["kind"] == "mapping"
    assert "BQK on Array2D\n" in shown["text"]


def test_a_mapping_by_itself_is_shown_on_the_machine_it_names(run):
    assert "BQK on Array2D\n" in run("show", "fusemax_binding").out


def test_an_unknown_name_suggests_the_nearest(run):
    assert run("show", "fusemax_clod") == (
        2,
        "",
        "there is no workload, machine or mapping 'fusemax_clod'. Did you mean 'fusemax_cloud'?\n",
    )
