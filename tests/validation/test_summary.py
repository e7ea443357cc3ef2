"""summary.md on a small table, and on the FuseMax study."""

from accelsim.base.record import read_record
from accelsim.base.yamlfile import parse_yaml
from accelsim.study.study import Study
from accelsim.study.table import Table
from accelsim.validation.compare import compare
from accelsim.validation.published import load_published
from accelsim.validation.summary import markdown_table, summary_markdown, verdicts

STUDY = """\
question: Which is faster?
source: made up
workload: attention/one_pass
arch: fusemax_cloud
names: {config: {fast: {label: FAST}}}
summary:
- title: Speedup over slow
  over: {table: results, series: config, points: [model, seq_len]}
  of: slow.latency_s / latency_s
"""


def test_a_digest_has_a_row_for_each_series_and_a_column_for_each_length() -> None:
    study = read_record(parse_yaml(STUDY), Study)
    table = Table.of(
        {
            "config": ["slow", "slow", "fast", "fast"],
            "model": ["X", "X", "X", "X"],
            "seq_len": [1024, 1048576, 1024, 1048576],
            "latency_s": [8.0, 8.0, 4.0, 1.0],
        }
    )
    text = summary_markdown(study, {"results": table}, Table({}), ["out/results.csv"])
    assert text == (
        "# Which is faster?\n\nNothing published is held against this study.\n\n"
        "## Speedup over slow\n\n"
        "| model | config | 1K | 1M | mean |\n| --- | --- | ---: | ---: | ---: |\n"
        "| X | FAST | 2 | 8 | 5 |\n\n"
        "## Files\n\n- results.csv\n\n## Sources\n\n- made up\n"
    )


def test_the_verdicts_are_told_in_one_sentence() -> None:
    rows = [
        {"verdict": "agrees", "explanation": ""},
        {"verdict": "differs", "explanation": "known"},
        {"verdict": "differs", "explanation": ""},
        {"verdict": "not run", "explanation": ""},
    ]
    assert verdicts(rows) == (
        "1 of 3 published numbers agree; 1 differs for a known reason; 1 without one; "
        "1 need points that were not run."
    )


def test_a_study_of_other_points_says_that_nothing_was_compared() -> None:
    rows = [{"verdict": "not run", "explanation": ""}] * 2
    assert verdicts(rows) == "None of 2 published numbers is over points that were run."


def test_numbers_stand_to_the_right_and_pipes_are_escaped() -> None:
    table = markdown_table(("a", "b"), [("x|y", "1.5"), ("z", "-2 %")])
    assert table == "| a | b |\n| --- | ---: |\n| x\\|y | 1.5 |\n| z | -2 % |"


def test_the_fusemax_summary_has_the_headlines_with_and_without_every_register_file(
    study: Study, tables: dict[str, Table]
) -> None:
    text = summary_markdown(study, tables, compare(tables, load_published("fusemax")), [])
    assert "| attention speedup over flat | 6.7x | 6.723 | 6.723 | -0.01 % | 1 % | agrees |" in text
    assert "| attention energy over flat | 0.787 | 0.7949 | 0.8717 |" in text
    assert "| end to end energy over flat | 0.833 | 0.8405 | 0.9272 |" in text
    assert text == summary_markdown(study, tables, compare(tables, load_published("fusemax")), [])


def test_the_fusemax_summary_says_what_was_inferred_and_from_what(
    study: Study, tables: dict[str, Table]
) -> None:
    paper = load_published("fusemax")
    text = summary_markdown(study, tables, compare(tables, paper), [], [paper])
    head = "| energy of a row of the 16 MiB buffer | fusemax_cloud: memories.GlobalBuffer.read |"
    assert f"{head} 13.4 nJ/row | attn-binding.csv and attn-arch.csv" in text
    assert "Nothing was inferred from:\n\n- latency, traffic and utilization of every row" in text
