"""Case files: what they say, and what is said of bad ones."""

import pytest

from accelsim.base.errors import InputError, Place
from accelsim.workload.calls import (
    Copy,
    Gemm,
    Sdpa,
    case_of,
    read_cases,
)

AT = Place("cases.csv", 2)
SDPA = '{"backend": "flash", "b": 2, "h": 8, "g": 2, "p": 64, "m": 96, "e": 32, "causal": true}'


def test_a_call_is_read_with_its_default_word():
    case = case_of("gemm", '{"m": 2, "n": 3, "k": 4}', AT)
    assert case.call == Gemm(m=2, n=3, k=4, dtype="bf16")


def test_rows_keep_their_order_and_other_columns_are_ignored(tmp_path):
    file = tmp_path / "cases.csv"
    file.write_text(
        'note,kernel,params\nx,copy,"{""bytes"": 7}"\ny,sdpa,"' + SDPA.replace('"', '""') + '"\n'
    )
    first, second = read_cases(file)
    assert first.call == Copy(bytes=7)
    assert isinstance(second.call, Sdpa) and second.call.g == 2 and second.call.causal


@pytest.mark.parametrize(
    ("kernel", "params", "words"),
    [
        ("gem", "{}", "cases.csv:2: there is no kernel 'gem'. Did you mean 'gemm'?"),
        ("gemm", '{"m": 2, "n": 3}', "Gemm needs 'k'. The params of gemm are m, n, k, dtype"),
        ("gemm", '{"m": 2, "n": 3, "k": 0}', "k"),
        ("gemm", '{"m": 2, "n": 3, "k": 4, "K": 1}', "'K'"),
        ("copy", "bytes=3", "cases.csv:2: the params are not JSON"),
        ("sdpa", SDPA.replace('"h": 8', '"h": 7'), "7 query heads do not divide over 2"),
        ("sdpa", SDPA.replace("flash", "flesh"), "flesh"),
        ("sdpa", SDPA.replace("}", ', "f": 999, "latent": true}'), "no 999 numbers (f) are in"),
    ],
)
def test_a_bad_row_is_refused_with_place_and_remedy(kernel, params, words):
    with pytest.raises(InputError) as caught:
        case_of(kernel, params, AT)
    assert words in str(caught.value)
    assert str(caught.value).startswith("cases.csv:2")


def test_a_table_without_the_columns_is_refused(tmp_path):
    file = tmp_path / "other.csv"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="no column 'kernel' and no column 'params'"):
        read_cases(file)


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(InputError, match=r"none\.csv: cannot be read: No such file"):
        read_cases(tmp_path / "none.csv")
