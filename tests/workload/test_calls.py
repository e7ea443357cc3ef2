"""Case files: what they say, and what is said of bad ones."""

import pytest

from accelsim.base.errors import InputError, Place
from accelsim.workload.calls import (
    Copy,
    Gemm,
    Sdpa,
    case_of,
    compulsory_bytes,
    read_cases,
    useful_flop,
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


def test_flop_and_bytes_of_a_product_and_of_grouped_attention():
    assert useful_flop(Gemm(m=2, n=3, k=4)) == 48
    assert compulsory_bytes(Gemm(m=2, n=3, k=4)) == 2 * (8 + 12 + 6)
    call = case_of("sdpa", SDPA, AT).call
    # 2 x 8 heads of 64 queries that see half of 64 keys, the other 32 of the 96 are masked:
    # 4 x 32 FLOP of products and 5 of softmax each
    assert useful_flop(call) == 2 * 8 * 64 * 64 // 2 * (4 * 32 + 5)
    # queries and results of 8 heads, keys and values of 2
    assert compulsory_bytes(call) == 2 * 2 * 2 * (8 * 64 + 2 * 64) * 32
    # the last 32 of 96 queries see all 64 keys
    longer = call.model_copy(update={"p": 96, "m": 64})
    assert useful_flop(longer) == 2 * 8 * (64 * 64 // 2 + 32 * 64) * (4 * 32 + 5)
    assert (useful_flop(Copy(bytes=7)), compulsory_bytes(Copy(bytes=7))) == (0, 14)
