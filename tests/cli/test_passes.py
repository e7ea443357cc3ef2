import json


def test_three_pass_attention_traverses_the_keys_three_times(run):
    found = json.loads(run("passes", "attention/three_pass", "--rank", "M", "--json").out)
    assert list(found) == ["M"]
    assert (found["M"]["passes"], len(found["M"]["einsums"])) == (3, 3)


def test_the_table_tells_what_forces_each_pass(run):
    out = run("passes", "attention/three_pass", "--rank", "M").out
    assert "SN reads GM[b,h,p], known after the pass before" in out
    assert "A reads SD[b,h,p], known after the pass before" in out


def test_an_unknown_rank_names_those_there_are(run):
    ended = run("passes", "attention/three_pass", "--rank", "Z")
    assert (ended.status, ended.out) == (2, "")
    assert "nothing runs over a rank 'Z'. Its ranks are" in ended.err


def test_a_rank_may_be_set_with_or_without_the_prefix(run):
    for path in ("ranks.P", "workload.ranks.P"):
        assert run("passes", "attention/one_pass", "--set", f"{path}=64").status == 0
    ended = run("passes", "attention/one_pass", "--set", "ranks.PP=64")
    assert (ended.status, "has no rank 'PP'. Did you mean 'P'?" in ended.err) == (2, True)
