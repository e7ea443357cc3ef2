import pytest

from accelsim.base.errors import StudyError
from accelsim.report.plots.catalogue import PLOTS, plot_named
from accelsim.report.plots.plotted import plot_results, table_for
from accelsim.study.table import as_table, read_table, write_csv, write_parquet


def test_a_figure_is_written_three_times_over(energy, tmp_path):
    source = write_csv(as_table(energy), tmp_path / "energy.csv")
    files = plot_results("energy", [source], tmp_path / "out")
    assert [file.name for file in files] == ["energy.png", "energy.svg", "energy.csv"]
    assert files[0].read_bytes().startswith(b"\x89PNG") and b"<svg" in files[1].read_bytes()
    assert sum(read_table(files[2])["energy_pj"]) == sum(energy["energy_pj"])


def test_tables_go_one_below_the_other_and_rows_are_chosen(energy, tmp_path):
    one = write_csv(as_table(energy), tmp_path / "one.csv")
    other = write_parquet(as_table(energy.assign(machine="third")), tmp_path / "other.parquet")
    files = plot_results(
        "energy", [one, other], tmp_path / "out", only={"machine": ["large", "third"]}
    )
    assert set(read_table(files[2])["machine"]) == {"large", "third"}
    with pytest.raises(StudyError, match=r"no row of .*one.csv is left"):
        plot_results("energy", [one], tmp_path / "none", where="energy_pj < 0")
    assert not (tmp_path / "none").exists()


def test_of_a_folder_the_tables_that_have_the_columns_are_taken(energy, latency, tmp_path):
    write_csv(as_table(energy), tmp_path / "energy.csv")
    write_csv(as_table(latency), tmp_path / "latency.csv")
    assert len(table_for(PLOTS["latency"], [tmp_path])) == len(latency)
    with pytest.raises(StudyError, match=r"table energy of .* has no column 'variant'"):
        table_for(PLOTS["contexts"], [tmp_path])


def test_there_is_no_such_figure():
    with pytest.raises(StudyError, match="no figure 'rofline'. Did you mean 'roofline'"):
        plot_named("rofline")
