"""max_m f(x[m], G), with G completed: what does not vary leaves the maximum.

max(a + c)  =  max(a) + c
max(a · c)  =  max(a) · c           c > 0
max(exp(u + c) · d)  =  exp(max(u) + c) · d          d > 0
"""

from accelsim.workload.rewrite.bench import Bench
from accelsim.workload.rewrite.exponentials import maximum_of
from accelsim.workload.rewrite.separate import InseparableError, addends_of, terms_of
from accelsim.workload.rewrite.signs import is_positive
from accelsim.workload.rewrite.terms import Term, factor, merged, product_text


def maximum_apart(bench: Bench) -> None:
    """The maximum on the bench as a combination of maxima that need no completed value."""
    terms = terms_of(bench.einsum.expression, bench.view)
    if len(terms) == 1:
        bench.outer([_of_product(bench, terms[0])])
    else:
        bench.outer(_of_sum(bench))
    what = f"what does not vary over {bench.draft.rank} leaves the maximum"
    now = bench.draft.cascade.einsum(bench.einsum.name)
    bench.tell(f"{bench.einsum.name}: {what} (max(a + c) = max(a) + c, or times c > 0): {now}")


def _of_sum(bench: Bench) -> tuple[Term, ...]:
    addends = addends_of(bench.einsum.expression, bench.view)
    inner = tuple(each for each in addends.items() if bench.view.is_along(each[0]))
    outer = [
        Term(count, ((each, 1),)) for each, count in addends.items() if (each, count) not in inner
    ]
    return merged([factor(maximum_of(bench, inner)), *outer])


def _of_product(bench: Bench, term: Term) -> Term:
    view, cascade = bench.view, bench.draft.cascade
    along = tuple(each for each in term.factors if view.is_along(each[0]))
    fixed = tuple(each for each in term.factors if each not in along)
    inner = tuple(each for each in term.exponent if view.is_along(each[0]))
    outer = tuple(each for each in term.exponent if each not in inner)
    if term.coefficient <= 0 or not all(is_positive(each, cascade) for each, _ in fixed):
        raise InseparableError("a maximum keeps its place only under positive factors")
    rest = Term(term.coefficient, fixed, outer)
    if inner and along:
        raise InseparableError("more than an exponential varies under the maximum")
    if inner:
        return rest.times(Term(exponent=((maximum_of(bench, inner), 1.0),)))
    return rest.times(factor(maximum_of(bench, ((product_text(Term(factors=along)), 1.0),))))
