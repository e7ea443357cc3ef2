import json

import pandas as pd
import pytest

from accelsim.cli import zoo_compare


def test_the_table_has_a_row_a_form(run):
    ended = run("zoo", "--family", "training")
    assert ended.status == 0
    heads, *rows = ended.out.splitlines()
    assert heads.split()[:5] == ["variant", "phase", "passes", "least", "live"]
    assert any(row.startswith("training/softmax_backward:flash ") for row in rows)
    assert rows[-1].endswith("with an equal cascade of fewer passes")


def test_phase_and_family_choose_together(run):
    found = json.loads(run("zoo", "--family", "heads", "--phase", "decode", "--json").out)
    assert {(row["family"], row["phase"]) for row in found} == {("heads", "decode")}
    assert {row["context"] for row in found} == {32768}


def test_the_context_is_set(run):
    words = ("zoo", "--family", "training", "--json", "--context")
    short, long = (json.loads(run(*words, each).out)[0] for each in ("1K", "2048"))
    assert (short["context"], long["context"]) == (1024, 2048)


def test_presets_shows_every_form_with_them(run):
    few, all_of_them = (
        json.loads(run("zoo", "--family", "low_rank", *more, "--json").out)
        for more in ((), ("--presets",))
    )
    assert {row["variant"] for row in few} < {row["variant"] for row in all_of_them}
    assert "low_rank/agent:deit_s:convolution" in {row["variant"] for row in all_of_them}


@pytest.mark.parametrize(("name", "read"), [("z.csv", pd.read_csv), ("z.parquet", pd.read_parquet)])
def test_the_table_goes_to_a_file(run, tmp_path, name, read):
    ended = run("zoo", "--family", "training", "--out", str(tmp_path / name), "--json")
    assert list(read(tmp_path / name)["variant"]) == [r["variant"] for r in json.loads(ended.out)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--family", "linar"), "there is no family 'linar'. Did you mean 'linear'?\n"),
        (("--phase", "dec"), "there is no phase 'dec'. Did you mean 'decode'?\n"),
        (("--context", "32k"), "'32k' is no length; write it like 32K, 1M or 1000\n"),
        (
            ("--out", "z.txt"),
            "z.txt: a table is a .csv or .parquet; name it like zoo.csv or zoo.pa",
        ),
        (
            ("--family", "training", "--phase", "decode"),
            "there is no mechanism that is all of trai",
        ),
    ],
)
def test_what_is_wrong_is_said_in_a_line(run, words, said):
    ended = run("zoo", *words)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith(said)


def test_a_gallery_is_written(run, tmp_path):
    ended = run("zoo", "--family", "training", "--context", "1K", "--gallery", str(tmp_path))
    assert ended.status == 0
    assert (tmp_path / "README.md").is_file()
    assert (tmp_path / "training.png").is_file()


# --- compare --------------------------------------------------------------------------------------

POINT = ("zoo", "compare", "heads/grouped:decode", "linear/lightning_2:decode")


def test_mechanisms_are_compared_on_machines_of_both_kinds(run, tmp_path):
    ended = run(
        *POINT, "--context", "1K,4K", "--arch", "h100_sxm", "--arch", "fusemax_cloud",
        "--out", str(tmp_path), "--json",
    )  # fmt: skip
    assert ended.status == 0
    found = json.loads(ended.out)
    assert len(found["rows"]) == 8
    assert all(row["latency_s"] > 0 and row["energy_pj"] > 0 for row in found["rows"])
    written = sorted(file.name for file in tmp_path.iterdir())
    assert written == [
        "contexts.csv", "contexts.parquet", "fusemax_cloud.png", "fusemax_cloud.svg",
        "h100_sxm.png", "h100_sxm.svg",
    ]  # fmt: skip
    assert len(pd.read_csv(tmp_path / "contexts.csv")) == 8


def test_what_cannot_be_evaluated_is_a_line_with_the_reason(run):
    ended = run("zoo", "compare", "heads/grouped:decode", "--context", "1K", "--arch", "eyeriss")
    assert ended.status == 0
    assert ended.out.startswith("not evaluated: heads/grouped:decode on eyeriss at 1K: ")


def test_a_range_of_contexts(run):
    words = ("zoo", "compare", "lightning_2:decode", "--arch", "fusemax_cloud", "--json")
    for text, contexts in (("1K..16K", [1024, 4096, 16384]), ("1K..4K:2", [1024, 2048, 4096])):
        rows = json.loads(run(*words, "--context", text).out)["rows"]
        assert [row["context"] for row in rows] == contexts


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("mlaa",), "there is no mechanism 'mlaa'. Did you mean 'mla'?\n"),
        (("mla", "--arch", "h100"), "there is no machine 'h100', and no such file. Did you mean"),
        (("mla", "--context", "4K..1K"), "'4K..1K' is no range of lengths; write it like 1K..1M"),
        (("mla", "--context", "1K..4K:1"), "'1K..4K:1' is no range of lengths; write it like"),
    ],
)
def test_compare_refuses_in_a_line(run, words, said):
    ended = run("zoo", "compare", *words)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith(said)


def test_ctrl_c_keeps_what_is_done(run, tmp_path, monkeypatch):
    done = zoo_compare.context_row

    def once(point):
        if point.context > 1024:
            raise KeyboardInterrupt
        return done(point)

    monkeypatch.setattr(zoo_compare, "context_row", once)
    ended = run(*POINT[:3], "--context", "1K..16K", "--out", str(tmp_path))
    assert (ended.status, ended.err.splitlines()[-1]) == (130, "interrupted")
    assert len(pd.read_csv(tmp_path / "contexts.csv")) == 1


def test_the_group_and_what_is_below_it_have_help(run):
    assert "compare" in run("zoo", "--help").out
    assert "Example: accelsim zoo compare" in run("zoo", "compare", "--help").out
