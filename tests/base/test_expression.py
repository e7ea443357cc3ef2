import pytest

from accelsim.base.errors import ExpressionError, Place
from accelsim.base.expression import parse_expression


def value(text, **values):
    return parse_expression(text).evaluate(values)


def test_the_last_tile_counts_whole():
    assert value("ceil(M / M0)", M=1000, M0=256) == 4


def test_division_of_ints_that_divide_is_an_int():
    assert value("M / M0", M=1000, M0=250) == 4
    assert isinstance(value("M / M0", M=1000, M0=250), int)
    assert value("M / M0", M=1000, M0=256) == 3.90625


def test_ints_stay_exact_beyond_doubles():
    assert value("ceil((M + 1) / 2)", M=2**80) == 2**79 + 1
    assert value("M / 7 * 7", M=2**80) == 2**80


def test_names_may_have_dots():
    expression = parse_expression("floor(GlobalBuffer.capacity / 3) + M")
    assert expression.names == {"GlobalBuffer.capacity", "M"}
    assert expression.evaluate({"GlobalBuffer.capacity": 10, "M": 1}) == 4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 + 3 * 4", 14),
        ("-(2 + 3)", -5),
        ("7 // 2", 3),
        ("7 % 4", 3),
        ("2 ** 10", 1024),
        ("1e3", 1000.0),
        ("1 < 2", 1),
        ("1 < 2 < 2", 0),
        ("1 == 1 and not 2 != 2", 1),
        ("0 or 0", 0),
        ("log2(8)", 3),
        ("sqrt(64)", 8),
        ("min(3, 1, 2) + max(3, 1, 2)", 4),
        ("where(2 > 1, 5, 6)", 5),
        ("2\n  * 3", 6),
    ],
)
def test_arithmetic(text, expected):
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("__import__('os')", "there is no function '__import__'"),
        ("M.__class__()", "is not arithmetic"),
        ("x[0]", "'x[0]' is not arithmetic"),
        ("lambda: 1", "is not arithmetic"),
        ("[1, 2]", "is not arithmetic"),
        ("'text'", "is not arithmetic"),
        ("True", "is not arithmetic"),
        ("a if b else c", "is not arithmetic"),
        ("a := 1", "is not an expression"),
        ("ceil(1, 2)", "ceil takes 1 value, not 2"),
        ("cell(1)", "Did you mean 'ceil'?"),
        ("1 +", "is not an expression"),
        ("", "is not an expression"),
        ("(" * 300 + "1" + ")" * 300, "is not an expression"),
        ("-" * 900 + "1", "nested deeper than 60 levels"),
        ("max(" + ",".join(["max(1" + ",1" * 19 + ")"] * 20) + ")", "more than 400 terms"),
        ("1+" * 600 + "1", "longer than 1,000 characters"),
    ],
)
def test_what_is_not_arithmetic_is_refused(text, problem):
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text, Place("w.yaml", 4))
    assert problem in str(caught.value)
    assert str(caught.value).startswith("w.yaml:4: ")
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("1 / M", "division by zero"),
        ("1 // M", "division by zero"),
        ("9 ** 9 ** 9", "a power beyond 64"),
        ("2 ** -65", "a power beyond 64"),
        ("((10**64) ** 64) ** 64", "more than 1,000 digits"),
        ("(0 - 8) ** 0.5", "a root of a negative number"),
        ("sqrt(-4)", "sqrt of -4"),
        ("log2(M)", "log2 of 0"),
        ("MM + 1", "'MM' is not known. Did you mean 'M'?"),
        ("ceil(1e300 * 1e300)", "a number too large"),
        ("1e200 ** 5", "a number too large"),
        ("largest_divisor(12, 0)", "no divisor of 12 is at most 0"),
        ("largest_divisor(0, 4)", "largest_divisor of 0, which is not a whole number above 0"),
    ],
)
def test_what_has_no_value_says_why(text, problem):
    with pytest.raises(ExpressionError, match="w.yaml:4: ") as caught:
        parse_expression(text, Place("w.yaml", 4)).evaluate({"M": 0})
    assert problem in str(caught.value)
