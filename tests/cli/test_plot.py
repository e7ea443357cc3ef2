"""plot, and the tables that other commands write for it, as a user calls them."""

import json

import pytest

from accelsim.report.plots.catalogue import PLOTS
from accelsim.study.table import read_table

SMALL = ("--set", "ranks.P=512", "--set", "ranks.M=1024")
ONE_PASS = ("attention/one_pass", "fusemax_cloud", *SMALL)


def test_list_names_every_figure_and_its_columns(run):
    ended = run("plot", "--list")
    assert ended.status == 0
    for plot in PLOTS.values():
        assert f"{plot.name}: {plot.about}" in ended.out
        assert all(need in ended.out for need in plot.needs)
    listed = json.loads(run("plot", "--list", "--json").out)
    assert [each["name"] for each in listed] == list(PLOTS)


def test_help_names_them_too(run):
    shown = run("plot", "--help").out
    assert all(f"{name}:" in shown for name in PLOTS) and "accelsim plot energy out/cost" in shown
    # Paragraphs begin at one edge: none is taken for a block that is set apart.
    assert {len(line) - len(line.lstrip()) for line in _prose(shown)} == {2}


def _prose(shown):
    """The lines between the usage and the arguments."""
    between = shown.partition("\n\n")[2].partition("\nArguments:")[0]
    return [line for line in between.splitlines() if line.strip()]


def test_where_a_cost_goes(run, tmp_path):
    assert run("evaluate", *ONE_PASS, "--out", str(tmp_path)).status == 0
    assert {file.name for file in tmp_path.iterdir()} == {"energy.csv", "latency.csv"}
    cost = json.loads(run("evaluate", *ONE_PASS, "--json").out)
    energy, latency = (read_table(tmp_path / f"{name}.csv") for name in ("energy", "latency"))
    assert sum(energy["energy_pj"]) == pytest.approx(cost["energy_pj"])
    assert set(latency["latency_s"]) == {cost["latency_s"]}
    out = tmp_path / "figures"
    ended = run("plot", "energy", str(tmp_path), "--by", "einsum", "--out", str(out), "--json")
    assert json.loads(ended.out)["files"] == [
        str(out / f"energy.{k}") for k in ("png", "svg", "csv")
    ]


def test_a_gpus_cost_is_written_as_well(run, tmp_path):
    ended = run("evaluate", "attention/three_pass", "h100_sxm", "--out", str(tmp_path))
    assert ended.status == 0
    assert {"step", "resource", "einsum"} == set(read_table(tmp_path / "latency.csv")["by"])


def test_a_trace_as_a_table(run, tmp_path):
    file = tmp_path / "trace.parquet"
    assert run("simulate", *ONE_PASS, "--tiles", "4", "--out", str(file)).status == 0
    assert {"actor", "start_cycles", "end_cycles", "of"} <= set(read_table(file).columns)
    assert run("plot", "gantt", str(file), "--out", str(tmp_path / "out")).status == 0


def test_elasticities_as_a_table(run, tmp_path):
    file = tmp_path / "el.csv"
    options = ("--parameters", "memories.DRAM.*", "--out", str(file))
    ended = run("sensitivity", *ONE_PASS, *options)
    assert ended.status == 0 and "memories.DRAM.bandwidth" in read_table(file)["parameter"]
    refused = run("sensitivity", *ONE_PASS, "--out", str(tmp_path / "el.xlsx"))
    assert refused.status == 2 and "a table is a .csv or .parquet" in refused.err


def test_rooflines_of_several_machines(run, tmp_path):
    folder = tmp_path / "roofline"
    for machine in ("fusemax_cloud", "flat_cloud"):
        out = ("--out", str(folder / f"{machine}.csv"))
        ended = run("roofline", machine, "attention/one_pass", *SMALL, *out)
        assert ended.status == 0 and "1 workload in" in ended.out
    assert run("plot", "roofline", str(folder), "--out", str(tmp_path / "out")).status == 0
    assert set(read_table(tmp_path / "out" / "roofline.csv")["machine"]) == {
        "fusemax_cloud",
        "flat_cloud",
    }


def test_calls_of_libraries_are_for_gpus(run, tmp_path):
    file = tmp_path / "cases.csv"
    file.write_text('kernel,params\ncopy,"{""bytes"": 1024}"\n')
    ended = run("roofline", "fusemax_cloud", str(file), "--out", str(tmp_path / "r.csv"))
    assert ended.status == 2 and "fusemax_cloud is no GPU" in ended.err


def test_buffer_says_what_moves_and_what_must(run, tmp_path):
    file = tmp_path / "buffer.csv"
    options = ("--space", "one_pass_tiles", "--capacity", "256 KiB..1 MiB", "--out", str(file))
    ended = run("buffer", *ONE_PASS, *options)
    assert ended.status == 0 and "attention/one_pass on fusemax_cloud: 1 pass\n" in ended.out
    assert list(read_table(file)["capacity_bytes"]) == [2**18, 2**19, 2**20]
    assert run("plot", "buffer", str(file), "--out", str(tmp_path / "out")).status == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("plot", "rofline", "x.csv"), "no figure 'rofline'. Did you mean 'roofline'?"),
        (("plot", "energy"), "no table is named that energy draws. Make one"),
        (("plot", "energy", "missing.csv"), "there is no such file"),
        (("plot", "energy", "TABLE"), "has no column 'energy_pj', which energy needs"),
        (("plot", "energy", "TABLE", "--most", "3"), "energy has no --most. It has --by"),
        (("plot", "tornado", "TABLE", "--only", "measure"), "--only 'measure' chooses nothing"),
        (("buffer", *ONE_PASS, "--capacity", "1 MiB"), "--capacity '1 MiB' is no range"),
        (
            ("buffer", *ONE_PASS, "--capacity", "1 MiB..2 MiB", "--buffer", "DRAM"),
            "no buffer 'DRAM'",
        ),
        (("buffer", *ONE_PASS, "--capacity", "2 MiB..1 MiB"), "no sizes from"),
        (
            ("buffer", *ONE_PASS, "--capacity", "1 MiB..2 MiB", "--space", "a", "--mapping", "b"),
            "either --space or --mapping",
        ),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(run, tmp_path, arguments, words, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_text("parameter,measure,left,right\nclock,latency_s,-1,-1\n")
    ended = run(*["table.csv" if word == "TABLE" else word for word in arguments])
    assert ended.status == 2 and words in ended.err and "Traceback" not in ended.err
    assert len(ended.err.splitlines()) == 1 and ended.out == ""
    assert [file.name for file in tmp_path.iterdir()] == ["table.csv"]
