import json


def test_workloads_are_listed_with_name_kind_about_and_file(run):
    listed = json.loads(run("list", "workloads", "--json").out)
    one_pass = next(entry for entry in listed if entry["name"] == "attention/one_pass")
    assert list(one_pass) == ["name", "kind", "about", "file"]
    assert one_pass["kind"] == "workload"
    assert one_pass["file"].endswith("workloads/attention/one_pass.yaml")


def test_machines_are_listed_by_bare_name(run):
    assert "\nfusemax_cloud " in run("list", "machines").out


def test_an_unknown_kind_names_the_nearest(run):
    assert run("list", "machine") == (
        2,
        "",
        "nothing of the kind 'machine' is shipped. Did you mean 'machines'?\n",
    )


def test_a_kind_of_which_nothing_is_shipped_yet_is_an_empty_list(run):
    ended = run("list", "systems", "--json")
    assert (ended.status, ended.out) == (0, "[]\n")
    assert run("list", "systems").out == "no systems are shipped yet\n"
