"""An Einstein sum of two operands as a product of matrices between views."""

from math import prod

from accelsim.base.errors import WorkloadError
from accelsim.interop.graph import Traced
from accelsim.interop.writer import Writer


def write_einsum(
    writer: Writer, name: str, equation: str, reads: tuple[str, ...], made: str
) -> None:
    """`bqhd,bkhd->bhqk`: ranks of both operands and the result lead, then come those of the left,
    those of the right, and those that are summed.

    Raises
    ------
    WorkloadError
        if it is no such product.
    """
    equation = equation.replace(" ", "")
    left, _, out = equation.partition("->")
    terms = left.split(",")
    plain = all(term.isalpha() and len(set(term)) == len(term) for term in (*terms, out))
    if len(terms) != 2 or not plain:
        raise WorkloadError(f"the Einsum {equation!r} is no product of two matrices")
    sizes: dict[str, int] = {}
    for term, read in zip(terms, reads, strict=True):
        sizes |= dict(zip(term, writer.shape(read), strict=True))
    a, b = terms
    both = [r for r in out if r in a and r in b]
    of_a = [r for r in out if r in a and r not in b]
    of_b = [r for r in out if r in b and r not in a]
    summed = [r for r in a if r in b and r not in out]
    if {*a, *b} != {*both, *of_a, *of_b, *summed} or not summed:
        raise WorkloadError(f"the Einsum {equation!r} is no product of two matrices")
    m, n, k = (prod(sizes[r] for r in ranks) for ranks in (of_a, of_b, summed))
    lead = tuple(sizes[r] for r in both)
    first = _ordered(writer, reads[0], a, (both, of_a, summed), (*lead, m, k), f"{name}_a")
    second = _ordered(writer, reads[1], b, (both, summed, of_b), (*lead, k, n), f"{name}_b")
    product = f"{made}_product"
    writer.tensors[product] = Traced((*lead, m, n), writer.tensors[made].word_bytes)
    writer.add("product", name, (first, second), product)
    ranks = [*both, *of_a, *of_b]
    shape = tuple(sizes[r] for r in ranks)
    cut = writer.view(product, f"{name}_cut", shape)
    writer.add("view", f"{name}_order", (cut,), made, order=tuple(map(ranks.index, out)))


def _ordered(
    writer: Writer,
    read: str,
    term: str,
    groups: tuple[list[str], ...],
    shape: tuple[int, ...],
    made: str,
) -> str:
    order = tuple(term.index(rank) for group in groups for rank in group)
    turned = tuple(writer.shape(read)[place] for place in order)
    return writer.view(writer.view(read, f"{made}_order", turned, order=order), made, shape)
