"""Facts of a cascade that are asked for again and again, kept with the cascade itself.

A cache of cascades would compare each with all others of its name and sizes, such as its parts, and
cannot compare arrays. A cascade never changes, so that what was found of it stays true.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from accelsim.workload.einsum import Cascade

Given = ParamSpec("Given")
Found = TypeVar("Found")


def remembered(
    function: Callable[Concatenate[Cascade, Given], Found],
) -> Callable[Concatenate[Cascade, Given], Found]:
    """The function, asked once for each cascade and for each of its other arguments."""
    name = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def known(cascade: Cascade, /, *args: Given.args, **kwargs: Given.kwargs) -> Found:
        facts: dict[Any, Any] = cascade.facts
        asked = (name, *args, *kwargs.items())
        if asked not in facts:
            facts[asked] = function(cascade, *args, **kwargs)
        found: Found = facts[asked]
        return found

    return known
