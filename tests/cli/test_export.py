import json


def test_a_file_for_each_einsum_and_a_reason_for_those_without(run, tmp_path):
    folder = tmp_path / "out"
    words = ("export", "timeloop-mapping", "attention/one_pass", "fusemax_cloud")
    ended = run(*words, "--out", str(folder), "--json")
    said = json.loads(ended.out)
    assert sorted(file.stem for file in folder.iterdir()) == sorted(said["einsums"])
    assert "BQK" in said["einsums"]
    assert "RM reads RM at several positions" in said["left_out"]["RM"]


def test_another_kind_is_refused_before_anything_is_written(run, tmp_path):
    folder = tmp_path / "out"
    ended = run("export", "timelop", "attention/one_pass", "fusemax_cloud", "--out", str(folder))
    assert (ended.status, folder.exists()) == (2, False)
    assert ended.err.startswith("nothing of the kind 'timelop' can be exported. ")
