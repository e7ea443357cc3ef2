"""Which values are positive, whatever the inputs are: what some laws ask for."""

from accelsim.workload.einsum import Access, Cascade, Constant, Expression, Operation, RankSize

_ALWAYS = frozenset(["exp", "sigmoid", "softplus"])
_IF_ALL_ARE = frozenset(
    ["add", "mul", "div", "max", "min", "sqrt", "rsqrt", "reciprocal", "square"]
)


def is_positive(expression: Expression, cascade: Cascade) -> bool:
    """Whether the expression is above 0 wherever it has a value; False if that is not known."""
    if isinstance(expression, Constant):
        return expression.value > 0
    if isinstance(expression, RankSize):
        return True
    if isinstance(expression, Access):
        return _is_positive_tensor(expression.tensor, cascade)
    if not isinstance(expression, Operation):
        return False
    return expression.name in _ALWAYS or (
        expression.name in _IF_ALL_ARE
        and all(is_positive(each, cascade) for each in expression.args)
    )


def _is_positive_tensor(name: str, cascade: Cascade) -> bool:
    if name in cascade.inputs or cascade.iterative_ranks(name):
        return False
    einsum = cascade.einsum(name)
    return einsum.reduction in (None, "+", "*", "max", "min") and is_positive(
        einsum.expression, cascade
    )
