"""`accelsim report`, as it is called."""

import pytest

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def table(tmp_path):
    file = tmp_path / "times.csv"
    file.write_text("n,latency_s\n1,0.5\n2,0.25\n4,0.2\n", encoding="utf-8")
    return file


def test_a_table_becomes_a_file_that_needs_no_network(run, table, tmp_path):
    out = tmp_path / "sub" / "r.html"
    ended = run("report", str(table), "-o", str(out), "--question", "How long?")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out == f"{out}: {out.stat().st_size / 1e6:.1f} MB, needs no network\n"
    assert "<h1>How long?</h1>" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("results", "out", "said"),
    [
        ("times.csv", "r.pdf", "-o r.pdf: a report is HTML. Name it like report.html"),
        ("none", "r.html", "none: there are no such results. Name a folder that --out wrote"),
        ("bad.csv", "r.html", "bad.csv: has no table with a row in it"),
    ],
)
def test_bad_input_is_one_line_and_no_file(run, table, tmp_path, monkeypatch, results, out, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.csv").write_text("a,b\n", encoding="utf-8")
    ended = run("report", results, "-o", out)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith(said) and ended.err.count("\n") == 1
    assert not (tmp_path / out).exists()


def test_a_shipped_study_fits_in_five_megabytes_with_all_it_rests_on(run, tmp_path):
    assert run("study", "fusemax", "--out", str(tmp_path / "made")).status == 0
    out = tmp_path / "r.html"
    assert run("report", str(tmp_path / "made"), "-o", str(out)).status == 0
    text = out.read_text(encoding="utf-8")
    assert out.stat().st_size < 5_000_000
    assert "<h1>What do FuseMax&#39;s cascade, architecture and binding each gain" in text
    assert "27 of 28 are within their tolerance" in text
    assert "HBM2, 3.9 pJ/bit" in text
    assert "Area against attention latency at 256K" in text
    assert "Pictures beside the results" not in text
