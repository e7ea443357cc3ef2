import json

import numpy as np

from accelsim.cli.output import print_json, print_table


def test_numpy_numbers_become_plain_and_infinity_null(capsys):
    print_json({"a": np.float64(0.5), "b": np.array([1, 2]), "c": (float("inf"),), "d": "µ"})
    out = capsys.readouterr().out
    assert json.loads(out) == {"a": 0.5, "b": [1, 2], "c": [None], "d": "µ"}
    assert "µ" in out


def test_a_table_has_a_column_for_each_name_and_no_markup(capsys):
    print_table(("name", "about"), [("DRAM", "[red]off-chip")])
    assert capsys.readouterr().out == "name  about\nDRAM  [red]off-chip\n"
