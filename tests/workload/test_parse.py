import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.base.errors import Place, WorkloadError
from accelsim.workload.einsum import Access, Condition, Constant, Einsum, Index, Operation, RankSize
from accelsim.workload.operations import FUNCTIONS
from accelsim.workload.parse import parse_cascade, parse_einsum


def test_a_matrix_product_is_two_accesses_under_a_plus_reduction():
    einsum = parse_einsum("Z[m,n] += A[k,m] * B[k,n]")
    a = Access("A", (Index((("K", 1),)), Index((("M", 1),))))
    b = Access("B", (Index((("K", 1),)), Index((("N", 1),))))
    z = Access("Z", (Index((("M", 1),)), Index((("N", 1),))))
    assert einsum == Einsum(z, Operation("mul", (a, b)), "+")


def test_products_bind_tighter_than_sums_and_both_associate_to_the_left():
    einsum = parse_einsum("Z[] = 1 - 2 - 3 * 4 / 5")
    one, two, three, four, five = (Constant(float(value)) for value in (1, 2, 3, 4, 5))
    product = Operation("div", (Operation("mul", (three, four)), five))
    assert einsum.expression == Operation("sub", (Operation("sub", (one, two)), product))


def test_printing_keeps_the_parentheses_that_matter_and_no_others():
    assert str(parse_einsum("Z[] = ((1) - (2 - 3)) * 4")) == "Z[] = (1 - (2 - 3)) * 4"
    assert str(parse_einsum("Z[] = (1 - 2) - (3 * 4)")) == "Z[] = 1 - 2 - 3 * 4"


def test_two_times_i_plus_one_has_factor_two_and_offset_one():
    (access,) = parse_einsum("Z[i] = X[2*i + 1]").reads
    assert access.indices == (Index((("I", 2),), offset=1),)


def test_p_minus_w_has_factors_one_and_minus_one():
    (access,) = parse_einsum("Z[p] += X[p - w]").reads
    assert access.indices == (Index((("P", 1), ("W", -1))),)


def test_m1_plus_one_on_the_left_is_a_step_and_m1_upper_case_the_final_value():
    cascade = parse_cascade("RM[0,p] = -inf\nRM[m1+1,p] = max(RM[m1,p], LM[m1,p])\nZ[p] = RM[M1,p]")
    assert cascade.initial[0].expression == Constant(float("-inf"))
    assert cascade.einsums[0].output.indices[0] == Index((("M1", 1),), offset=1)
    assert cascade.einsums[1].reads[0].indices[0] == Index(final="M1")


def test_a_partition_names_the_whole_and_its_parts_outermost_first():
    (partition,) = parse_cascade("m -> m2, m1, m0").partitions
    assert (partition.whole, partition.parts) == ("M", ("M2", "M1", "M0"))


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("m <= p and (m < 4 or p - m < W)", "m <= p and (m < 4 or p - m < W)"),
        ("m < 4 or p - m < 8 and m <= p", "m < 4 or p - m < 8 and m <= p"),
        ("m < 4 or p < 3, m <= p", "(m < 4 or p < 3) and m <= p"),
        ("not (m <= p or p == 3)", "m > p and p != 3"),
        ("not 0 <= p - m < 8", "0 > p - m or p - m >= 8"),
        ("not not (m <= p)", "m <= p"),
        (
            "(p - m) % 8 == 0 and ((m + p) // 2 < 9)",
            "p - m - 8*((p - m) // 8) == 0 and (m + p) // 2 < 9",
        ),
    ],
)
def test_or_and_not_are_kept_as_what_they_mean(written, kept):
    einsum = parse_einsum(f"Z[p] += X[p,m] where {written}")
    assert str(einsum) == f"Z[p] += X[p,m] where {kept}"
    assert parse_einsum(str(einsum)) == einsum


def test_conditions_are_joined_by_and_or_comma_and_may_be_chained():
    einsum = parse_einsum("Z[p] += X[p,m] where m <= p and 0 <= p - m < W, p // 16 == m // 16")
    assert [str(condition) for condition in einsum.conditions] == [
        "m <= p",
        "0 <= p - m",
        "p - m < W",
        "p // 16 == m // 16",
    ]


def test_a_condition_may_use_rank_sizes_as_factors():
    (condition,) = parse_einsum("Z[p] += X[p,m1,m0] where m1*M0 + m0 <= p + M - P").conditions
    assert isinstance(condition, Condition)
    sizes = {"M": 10, "P": 4, "M0": 4}
    assert condition.holds({"M1": 2, "M0": 1, "P": 3}, sizes)
    assert not condition.holds({"M1": 2, "M0": 2, "P": 3}, sizes)


def test_the_remainder_is_what_the_quotient_leaves():
    (condition,) = parse_einsum("Z[p] += X[p,m] where m % 4 == 1").conditions
    assert [m for m in range(10) if condition.holds({"M": m}, {})] == [1, 5, 9]


def test_a_rank_name_in_an_expression_is_its_size():
    einsum = parse_einsum("Z[r] = U[r] / C")
    assert einsum.expression.args[1] == RankSize("C")


def test_comments_and_empty_lines_say_nothing_but_count_as_lines():
    cascade = parse_cascade("# one\n\nZ[p] = X[p]  # two\n", at=Place("w.yaml", 10))
    assert [str(einsum.place) for einsum in cascade.einsums] == ["w.yaml:12"]


_INDICES = st.sampled_from(["p", "m", "m1", "2*i+1", "p-w", "h//4", "m1*M0+m0", "M1"])
_ACCESSES = st.builds(lambda i, j: f"X[{i},{j}]", _INDICES, _INDICES)
_LEAVES = st.one_of(_ACCESSES, st.sampled_from(["1", "-inf", "0.5", "1e-05", "P", "Y[]"]))
_EXPRESSIONS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda a, op, b: f"({a} {op} {b})", inner, st.sampled_from("+-*/"), inner),
        st.builds(lambda a: f"-{a}" if a[0] not in "-" else a, inner),
        st.builds(
            lambda name, args: f"{name}({', '.join(args[: FUNCTIONS[name].arity])})",
            st.sampled_from(sorted(FUNCTIONS)),
            st.tuples(inner, inner, inner),
        ),
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(_EXPRESSIONS, st.sampled_from(["=", "+=", "max=", "min=", "*="]), st.booleans())
def test_an_einsum_reads_back_from_its_own_text(expression, assignment, conditional):
    where = " where m % 4 == 1 and p - m < W" if conditional else ""
    einsum = parse_einsum(f"Z[p,m] {assignment} {expression}{where}")
    assert parse_einsum(str(einsum)) == einsum
    assert str(parse_einsum(str(einsum))) == str(einsum)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "O[p] = banana(A ?? B)!!7",
            "w.yaml:7: Einsum O, column 17: the character '?' is not part of the language. "
            "Operators are + - * /; functions are written like exp(X[p])",
        ),
        (
            "O[p] = ex(A[p])",
            "w.yaml:7: Einsum O, column 8: there is no function 'ex'. Did you mean 'exp'?",
        ),
        (
            "O[p] -= A[p]",
            "w.yaml:7: Einsum O, column 6: '-=' does not assign. "
            "Assignments are =, +=, *=, max=, min=, "
            "topk=, sort=, argmax=, argmin=, fft=, ifft=",
        ),
        (
            "O[p] mean= A[p,m]",
            "w.yaml:7: Einsum O, column 6: 'mean=' does not assign. "
            "Assignments are =, +=, *=, max=, min=, "
            "topk=, sort=, argmax=, argmin=, fft=, ifft=",
        ),
        (
            "O[p] = A[p] B[p]",
            "w.yaml:7: Einsum O, column 13: 'B' is not expected here. "
            "Two factors need a '*' between them",
        ),
        (
            "O[p] = exp(A[p], B[p])",
            "w.yaml:7: Einsum O, column 8: exp takes 1 argument, not 2",
        ),
        (
            "O[p] = (A[p]",
            "w.yaml:7: Einsum O, column 13: expected ')', found the end of the line",
        ),
        (
            "O[p] = A[p*q]",
            "w.yaml:7: Einsum O, column 11: (p) * (q) multiplies two indices. "
            "A position is a sum of indices, each times a number or a rank",
        ),
        (
            "O[p] = A[1.5]",
            "w.yaml:7: Einsum O, column 10: positions are whole numbers and indices, not '1.5'",
        ),
        (
            "O[p] = A[p] // 3",
            "w.yaml:7: Einsum O, column 13: '//' is not expected here. "
            "// and % work on indices only; values are divided by /",
        ),
        (
            "O[p] = a[p]",
            "w.yaml:7: Einsum O, column 8: 'a' is not a tensor. "
            "Names of tensors start with a capital letter",
        ),
        (
            "O[p] = A[p] where p < 3 or not",
            "w.yaml:7: Einsum O, column 31: positions are whole numbers and indices, "
            "not the end of the line",
        ),
        (
            "O[p] = A[p] where (p < 3 or p > 4",
            "w.yaml:7: Einsum O, column 34: expected ')', found the end of the line",
        ),
        (
            "O[p] = A[p] where " + " and ".join(["p != 3"] * 7),
            "w.yaml:7: Einsum O, column 19: the conditions have 128 alternatives, more than 64. "
            "Use // and % for patterns that repeat, or several Einsums",
        ),
        (
            "O[p] = A[p] where p",
            "w.yaml:7: Einsum O, column 20: expected a comparison, found the end of the line. "
            "One of < <= > >= == !=",
        ),
        (
            "O[p] = A[p] where powerof_two(p)",
            "w.yaml:7: Einsum O, column 30: expected a comparison, found '('. "
            "The only function of positions is power_of_two(p - m)",
        ),
        (
            "O[p] = A[p] < B[p]",
            "w.yaml:7: Einsum O, column 13: '<' is not expected here. "
            "Conditions stand at the end of the line, after 'where'",
        ),
        (
            "O = A[p]",
            "w.yaml:7: Einsum O, column 1: expected the tensor that this line defines, found 'O'. "
            "Write it like 'Z[m,n] += A[k,m] * B[k,n]'; a tensor without ranks is Z[]",
        ),
        (
            "m -> m1",
            "w.yaml:7: column 8: a partition of M needs two or more new indices. "
            "Write it like 'm -> m1, m0'",
        ),
        (
            "RM[0,p] max= A[p]",
            "w.yaml:7: Einsum RM, column 18: RM[0,p] is an initial value, "
            "which takes a plain '=' and no 'where'",
        ),
        (
            "O[p] = 1e999",
            "w.yaml:7: Einsum O, column 8: 1e999 is too large for a number. Write inf for infinity",
        ),
        (
            "O[p] = " + "(" * 50 + "A[p]" + ")" * 50,
            "w.yaml:7: Einsum O, column 48: more than 40 open brackets. Split the line",
        ),
        (
            "O[p] = A[p]" + " + A[p]" * 500,
            "w.yaml:7: Einsum O, column 561: more than 400 tokens. Split the line",
        ),
    ],
)
def test_bad_text_is_refused_with_place_fact_and_remedy(line, message):
    with pytest.raises(WorkloadError) as error:
        parse_cascade(line, at=Place("w.yaml", 7))
    assert str(error.value) == message
