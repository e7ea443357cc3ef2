"""Ctrl-C before the command has loaded."""

import sys

import pytest

from accelsim.cli.entry import main


class Interrupting:
    """An importer in whose course Ctrl-C is pressed."""

    def find_spec(self, name, path=None, target=None):
        if name == "accelsim.cli.main":
            raise KeyboardInterrupt


def test_ctrl_c_while_loading_is_one_word_and_its_status(monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "accelsim.cli.main", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupting(), *sys.meta_path])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert capsys.readouterr().err == "interrupted\n"
