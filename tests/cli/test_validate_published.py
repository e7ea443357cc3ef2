import csv


def test_a_study_is_held_against_its_paper(run, tmp_path):
    ended = run("validate", "published", "--study", "fusemax", "--out", str(tmp_path))
    assert ended.status == 0
    assert "27 of 28 are within their tolerance" in ended.out
    with (tmp_path / "status.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["machine"] for row in rows] == [
        "cascade_cloud",
        "flat_cloud",
        "fusemax_cloud",
        "unfused_cloud",
    ]
    assert all(float(row["mean_percent"]) < 1 for row in rows)
    assert rows[0]["command"] == "accelsim validate published --study fusemax"


def test_a_study_of_which_nothing_is_published_is_named(run):
    ended = run("validate", "published", "--study", "buffer_size")
    assert ended.status == 2
    assert ended.err.startswith("nothing published is shipped for the study 'buffer_size'")
