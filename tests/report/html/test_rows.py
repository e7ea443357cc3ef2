import pandas as pd

from accelsim.report.html.rows import MOST_ROWS, shown


def test_numbers_are_written_with_units_and_sorted_by_what_they_are():
    frame = pd.DataFrame(
        {"config": ["flat", None], "latency_s": [0.02, None], "buffer": ["1 MiB"] * 2}
    )
    found = shown(frame, "results")
    assert list(found.is_number) == [False, True, True]
    assert [[cell.text for cell in row] for row in found.rows] == [
        ["flat", "20 ms", "1 MiB"],
        ["", "", "1 MiB"],
    ]
    assert [cell.number for cell in found.rows[0]] == [None, 0.02, 2**20]
    assert found.rows[1][1].number is None
    assert found.note == ""


def test_of_a_long_table_the_front_stays_and_the_note_says_so():
    size = 10_000
    frame = pd.DataFrame(
        {
            "n": range(size),
            "latency_s": [1.0 + n for n in range(size)],
            "area_um2": [1.0 + (n * 7919) % size for n in range(size)],
        }
    )
    frame.loc[4321, ["latency_s", "area_um2"]] = [0.5, 0.5]
    found = shown(frame, "designs")
    assert len(found.rows) <= MOST_ROWS
    assert 4321 in [row[0].number for row in found.rows]
    assert (
        f"{len(found.rows)} of 10,000 rows: those of the least latency and area (1 of 1)"
        in found.note
    )
    assert "one in every 34 of the others" in found.note


def test_tables_share_the_room():
    frame = pd.DataFrame({f"c{n}": range(200) for n in range(10)})
    assert len(shown(frame, "one").rows) == 200
    assert len(shown(frame, "one", tables=20).rows) < 130


def test_of_many_columns_the_note_says_how_many_are_shown():
    frame = pd.DataFrame({f"c{n}": [1, 2] for n in range(50)})
    found = shown(frame, "wide")
    assert len(found.columns) == len(found.rows[0]) == 40
    assert found.note == "The first 40 of 50 columns."


def test_a_long_text_that_all_rows_have_is_said_once():
    source = "A datasheet, whose name is longer than any cell should be, 2024."
    frame = pd.DataFrame({"n": [1, 2], "source": [source] * 2, "of": ["short"] * 2})
    found = shown(frame, "t")
    assert found.columns == ["n", "of"]
    assert found.note == f"Source: {source}"
