"""An expression f(x[m], G), G a completed value, as Σ_j a_j(x[m]) · b_j(G).

    (X[m] - MU) * W[m] / SD   →   X[m] * W[m] / SD  -  MU * W[m] / SD

The laws, each with what it asks for:

    sums and products          multiplied out
    x / y, reciprocal(y)       y is one term
    square, pow by a number    multiplied out; the number is whole and not large
    exp(x)                     every addend of x is either along the fibre or completed
    log, sqrt, rsqrt           one term, its factors positive
    relu, abs                  one term, what leaves it positive
"""

from collections.abc import Iterator
from dataclasses import dataclass

from accelsim.workload.einsum import (
    Access,
    Cascade,
    Constant,
    Expression,
    Operation,
    accesses,
)
from accelsim.workload.fibres import leaves, moves
from accelsim.workload.rewrite.signs import is_positive
from accelsim.workload.rewrite.terms import (
    Term,
    factor,
    merged,
    product_text,
    products,
)
from accelsim.workload.substitute import in_access, in_expression, ranks_in

#: Products of sums grow; a sum of more terms than this is no better than another pass.
MOST_TERMS = 32
MOST_POWER = 4


class InseparableError(Exception):
    """Why an expression does not come apart; the message ends a sentence."""


@dataclass(frozen=True)
class View:
    """How tensors look from one traversal: `late` are those along the fibre that only a later one
    can make; `complete` are known at its end, or later."""

    cascade: Cascade
    parts: frozenset[str]
    late: frozenset[str]
    complete: frozenset[str]

    def is_along(self, expression: Expression) -> bool:
        """Whether it takes one value for each element of the fibre."""
        return bool(self.parts & frozenset(leaves(self.cascade, *ranks_in(expression))))

    def waits(self, expression: Expression) -> bool:
        """Whether it needs what is complete only at the traversal's end."""
        return any(
            each.tensor in self.complete and not self.parts & moves(self.cascade, each)
            for each in accesses(expression)
        )

    def is_late(self, access: Access) -> bool:
        return access.tensor in self.late and bool(self.parts & moves(self.cascade, access))

    def is_mixed(self, expression: Expression) -> bool:
        """Whether it must come apart before it can be computed in this traversal."""
        late = any(self.is_late(each) for each in accesses(expression))
        return late or (self.is_along(expression) and self.waits(expression))


def terms_of(expression: Expression, view: View) -> tuple[Term, ...]:
    """The expression as terms whose factors and addends are not mixed."""
    if isinstance(expression, Constant):
        return (Term(expression.value),) if expression.value else ()
    if isinstance(expression, Access):
        if view.is_late(expression):
            return terms_of(inlined(expression, view.cascade), view)
        if view.is_mixed(expression):
            raise InseparableError(f"the position {expression} needs completed values")
        return (factor(expression),)
    if not isinstance(expression, Operation):
        return (factor(expression),)
    found = _RULES.get(expression.name)
    if found and (view.is_mixed(expression) or expression.name in _ALWAYS):
        terms = found(expression, view)
        if len(terms) > MOST_TERMS:
            raise InseparableError(f"multiplied out, it has {len(terms)} terms")
        return terms
    if view.is_mixed(expression):
        raise InseparableError(f"{_told(expression)} does not come apart")
    return (factor(expression),)


def inlined(access: Access, cascade: Cascade) -> Expression:
    """The definition of what is read, at the place where it is read."""
    einsum = cascade.einsum(access.tensor)
    ranks = [index.plain_rank for index in einsum.output.indices]
    if einsum.reduction or None in ranks or cascade.iterative_ranks(einsum.name):
        how = (
            f"is itself a reduction ({einsum.reduction}=)"
            if einsum.reduction
            else "is no plain map"
        )
        raise InseparableError(f"{access.tensor}, which needs completed values, {how}")
    groups = cascade.indices_by_rank(access)
    if groups is None or len(access.indices) != len(ranks):
        raise InseparableError(f"{access} reads {access.tensor} by parts")
    indices = dict(zip([str(rank) for rank in ranks], access.indices, strict=True))
    return in_expression(einsum.expression, lambda each: in_access(each, indices), indices)


def addends_of(expression: Expression, view: View) -> dict[Expression, float]:
    """A sum's addends with their coefficients, whether it is mixed or not."""
    total: dict[Expression, float] = {}
    for each, sign in _added(expression, view, 1):
        total[each] = total.get(each, 0.0) + sign
    return {each: count for each, count in total.items() if count}


def _added(expression: Expression, view: View, sign: float) -> Iterator[tuple[Expression, float]]:
    if isinstance(expression, Operation) and expression.name in ("add", "sub", "neg"):
        *first, last = expression.args
        for each in first:
            yield from _added(each, view, sign)
        yield from _added(last, view, sign if expression.name == "add" else -sign)
    elif not view.is_mixed(expression):
        yield expression, sign
    elif isinstance(expression, Access) and view.is_late(expression):
        yield from _added(inlined(expression, view.cascade), view, sign)
    else:
        for term in terms_of(expression, view):
            whole = product_text(Term(1.0, term.factors, term.exponent))
            if view.is_mixed(whole):
                fact = f"{whole} is a product of values along the fibre and completed ones"
                raise InseparableError(f"{fact}, under an exponential or a maximum")
            yield whole, sign * term.coefficient


# --- rules ---------------------------------------------------------------------------------------


def _sum(operation: Operation, view: View) -> tuple[Term, ...]:
    left, right = (terms_of(each, view) for each in operation.args)
    sign = -1 if operation.name == "sub" else 1
    return merged((*left, *(Term(sign).times(term) for term in right)))


def _negated(operation: Operation, view: View) -> tuple[Term, ...]:
    return tuple(Term(-1.0).times(term) for term in terms_of(operation.args[0], view))


def _product(operation: Operation, view: View) -> tuple[Term, ...]:
    left, right = operation.args
    return products(terms_of(left, view), terms_of(right, view))


def _quotient(operation: Operation, view: View) -> tuple[Term, ...]:
    above = terms_of(operation.args[0], view) if operation.name == "div" else (Term(),)
    divisor = _only(operation, view, operation.args[-1])
    return products(above, (divisor.to_power(-1),))


def _power(operation: Operation, view: View) -> tuple[Term, ...]:
    base = terms_of(operation.args[0], view)
    exponent = operation.args[1] if operation.name == "pow" else Constant(2.0)
    value = exponent.value if isinstance(exponent, Constant) else 0.5
    if value != int(value) or not 1 <= abs(value) <= MOST_POWER or (value < 0 and len(base) > 1):
        raise InseparableError(f"{_told(operation)} does not come apart")
    if len(base) == 1:
        return (base[0].to_power(int(value)),)
    total: tuple[Term, ...] = (Term(),)
    for _ in range(int(value)):
        total = products(total, base)
    return total


def _exponential(operation: Operation, view: View) -> tuple[Term, ...]:
    return (Term(exponent=tuple(addends_of(operation.args[0], view).items())),)


def _logarithm(operation: Operation, view: View) -> tuple[Term, ...]:
    term = _positive(operation, view)
    logs = [Term(count, ((Operation("log", (each,)), 1),)) for each, count in term.factors]
    logs += [Term(count, ((each, 1),)) for each, count in term.exponent]
    if term.coefficient != 1:
        logs.append(factor(Operation("log", (Constant(term.coefficient),))))
    return merged(logs)


def _root(operation: Operation, view: View) -> tuple[Term, ...]:
    term = _positive(operation, view)
    roots = tuple((Operation("sqrt", (each,)), count) for each, count in term.factors)
    halves = tuple((each, count / 2) for each, count in term.exponent)
    whole = Term(term.coefficient**0.5, roots, halves)
    return (whole if operation.name == "sqrt" else whole.to_power(-1),)


def _homogeneous(operation: Operation, view: View) -> tuple[Term, ...]:
    """f(c x) = c f(x) for c > 0."""
    term = _only(operation, view, operation.args[0])
    if term.exponent:
        return (term,) if term.coefficient > 0 and not term.factors else _refused(operation)
    kept = tuple(each for each in term.factors if view.is_along(each[0]))
    left = tuple(each for each in term.factors if each not in kept)
    if not all(is_positive(each, view.cascade) for each, _ in left):
        return _refused(operation)
    inner = product_text(Term(term.coefficient, kept))
    return (factor(Operation(operation.name, (inner,))).times(Term(factors=left)),)


def _positive(operation: Operation, view: View) -> Term:
    term = _only(operation, view, operation.args[0])
    factors_positive = all(is_positive(each, view.cascade) for each, _ in term.factors)
    if term.coefficient <= 0 or not factors_positive:
        _refused(operation)
    return term


def _only(operation: Operation, view: View, argument: Expression) -> Term:
    terms = terms_of(argument, view)
    return terms[0] if len(terms) == 1 else _refused(operation)[0]


def _refused(operation: Operation) -> tuple[Term, ...]:
    raise InseparableError(f"{_told(operation)} does not come apart")


def _told(expression: Expression) -> str:
    return f"{expression}" if len(str(expression)) <= 60 else f"{str(expression)[:57]}..."


_RULES = {
    "add": _sum,
    "sub": _sum,
    "neg": _negated,
    "mul": _product,
    "div": _quotient,
    "reciprocal": _quotient,
    "square": _power,
    "pow": _power,
    "exp": _exponential,
    "log": _logarithm,
    "sqrt": _root,
    "rsqrt": _root,
    "relu": _homogeneous,
    "abs": _homogeneous,
}
_ALWAYS = frozenset(["neg", "mul", "div", "exp"])
