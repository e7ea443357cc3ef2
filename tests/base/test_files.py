import os

import pytest

from accelsim.base.errors import OutputError
from accelsim.base.files import (
    atomic_path,
    atomic_write,
    output_folder,
    refuse_unwritable,
    staged_folder,
)


def test_a_file_is_written_whole_into_a_folder_made_for_it(tmp_path):
    assert atomic_write(tmp_path / "new" / "a.csv", "x\n").read_text() == "x\n"
    assert os.listdir(tmp_path / "new") == ["a.csv"]


def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path):
    file = atomic_write(tmp_path / "a.csv", "old")
    with pytest.raises(KeyboardInterrupt), atomic_path(file) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert file.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.csv"]


def test_the_temporary_name_keeps_the_ending(tmp_path):
    with atomic_path(tmp_path / "a.png") as temporary:
        assert temporary.suffix == ".png"
        temporary.touch()


def test_a_folder_under_a_file_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="file/out: cannot be written: "):
        output_folder(tmp_path / "file" / "out")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(OutputError, match="is a folder, not a file"):
        atomic_write(tmp_path, "x")


def test_staged_files_appear_together_and_replace_those_there(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "a.txt").write_text("old")
    with staged_folder(folder) as staging:
        (staging / "a.txt").write_text("new")
        (staging / "b.txt").write_text("b")
        assert [file.name for file in folder.iterdir()] == ["a.txt"]
    assert (folder / "a.txt").read_text() == "new"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out"]
    assert sorted(file.name for file in folder.iterdir()) == ["a.txt", "b.txt"]


def test_an_interrupted_stage_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), staged_folder(tmp_path / "out") as staging:
        (staging / "a.txt").write_text("half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_folders_that_were_made_to_see_whether_it_goes_are_all_gone(tmp_path):
    refuse_unwritable(tmp_path / "a" / "b" / "c")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(KeyboardInterrupt), staged_folder(tmp_path / "a" / "b" / "c"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "a").mkdir()
    refuse_unwritable(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]
