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


def test_systems_are_listed(run):
    listed = json.loads(run("list", "systems", "--json").out)
    lamina = next(entry for entry in listed if entry["name"] == "lamina_2h100_4h20")
    assert lamina["kind"] == "system"
    assert lamina["file"].endswith("arch/system/lamina_2h100_4h20.yaml")
    assert "\nlamina_2h100_4h20 " in run("list", "systems").out
