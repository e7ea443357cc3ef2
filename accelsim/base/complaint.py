"""What pydantic found wrong with a record, as place, fact and remedy in the words of the YAML.

    m.yaml:7: Memory has no 'capasity'. Did you mean 'capacity'?
    m.yaml:2: capacity: '512' is not a quantity in B; write it like '64 B' or '2 kB'

One problem is reported: an unknown key before all others, for a misspelt key is also a missing one;
then the topmost in the file. A default that another field would have given follows from that one.
"""

import re
from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from accelsim.base.errors import Place, RecordError, did_you_mean
from accelsim.base.node import Node
from accelsim.base.rate import Rate
from accelsim.base.units import UNIT_OF_SUFFIX, key_of, suffix_of

Model = type[BaseModel]


def record_error(node: Node, model: Model, problems: Sequence[ErrorDetails]) -> RecordError:
    def urgency(problem: ErrorDetails) -> tuple[bool, int]:
        return problem["type"] != "extra_forbidden", _place(node, problem).line or 0

    causes = [each for each in problems if each["type"] != "default_factory_not_called"]
    problem = min(causes, key=urgency)
    owner, key = _owner(model, problem), _key(problem)
    fact, remedy = _about_key(owner, key, problem) or (
        _about_value(node, owner, key, problem),
        _nearest(node, key, problem),
    )
    return RecordError(fact, at=_place(node, problem), remedy=remedy)


def _about_key(owner: Model, key: str, problem: ErrorDetails) -> tuple[str, str] | None:
    known = [key_of(field) for field in owner.model_fields]
    if problem["type"] == "extra_forbidden":
        remedy = did_you_mean(key, known) or f"It knows {', '.join(known)}"
        return f"{owner.__name__} has no {key!r}", remedy
    if problem["type"] == "missing" and isinstance(problem["loc"][-1], str):
        return f"{owner.__name__} needs {key!r}", f"add a line like '{key}: {_example(owner, key)}'"
    return None


def _example(owner: Model, key: str) -> str:
    field = next(name for name in owner.model_fields if key_of(name) == key)
    annotation = owner.model_fields[field].annotation
    if annotation is Rate or Rate in get_args(annotation):
        return "128 B/cycle"
    unit = UNIT_OF_SUFFIX.get(suffix_of(field))
    return f"1 {unit}" if unit else "..."


def _about_value(node: Node, owner: Model, key: str, problem: ErrorDetails) -> str:
    if _is_of_a_key(problem):
        return f"{key!r} {verdict(problem)}"
    found = _walk(node, problem)[-1]
    if problem["type"] == "quantity":
        return f"{key}: {_as_written(problem, found)}"
    if problem["type"] in ("value_error", "assertion_error"):
        text = str(problem.get("ctx", {}).get("error", problem["msg"]))
        return f"{key or owner.__name__}: {text}"
    written = repr(found.text[:60]) if found.kind == "scalar" else f"a {found.kind}"
    if problem["type"] == "string_type" and found.kind != "scalar":
        return f"{key or owner.__name__}: {written} should be one text"
    return f"{key or owner.__name__}: {written} {verdict(problem)}"


def _nearest(node: Node, key: str, problem: ErrorDetails) -> str | None:
    """Of the words that may stand there, the one that was meant."""
    if problem["type"] != "literal_error":
        return None
    written = key if _is_of_a_key(problem) else _walk(node, problem)[-1].text
    return did_you_mean(written, re.findall(r"'([^']*)'", verdict(problem)))


def _is_of_a_key(problem: ErrorDetails) -> bool:
    """Of an entry's key, as `bf61` in `flop: {bf61: 1024}`, not of its value."""
    return problem["loc"][-1:] == ("[key]",)


def _as_written(problem: ErrorDetails, found: Node) -> str:
    """`1e9`, not the `1000000000.0` that YAML made of it."""
    plain = repr(str(problem["input"]))
    return problem["msg"].replace(plain, repr(found.text), 1) if found.text else problem["msg"]


def verdict(problem: ErrorDetails) -> str:
    context = problem.get("ctx", {})
    match problem["type"]:
        case "greater_than":
            return f"must be above {context['gt']}"
        case "greater_than_equal":
            return f"must be at least {context['ge']}"
        case "less_than_equal":
            return f"must be at most {context['le']}"
        case "literal_error":
            return f"is none of {context['expected']}"
        case "number":
            return problem["msg"]
        case "missing":
            return f"has no entry {int(problem['loc'][-1]) + 1}"
        case "too_long":
            return f"has more than {context['max_length']} entries"
        case kind if kind in _SHAPES:
            return f"should be {_SHAPES[kind]}"
    return "is not right: it " + problem["msg"].removeprefix("Input ")


_SHAPES = {
    "string_type": "text; put it into quotes",
    "tuple_type": "a list; write it like '[a, b]' or as '- ' lines",
    "dict_type": "'key: value' lines",
    "model_type": "'key: value' lines",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
}


# --- where ----------------------------------------------------------------------------------------


def _key(problem: ErrorDetails) -> str:
    """The last name on the way to the problem: a key the user wrote, or should have written.
    Of several types that a value may have, pydantic names the one it tried: `union[int,float]`."""
    names = [step for step in problem["loc"] if isinstance(step, str) and "[" not in step]
    return names[-1] if names else ""


def _walk(node: Node, problem: ErrorDetails) -> list[Node]:
    """The nodes from the root to the offending one; steps that only pydantic knows are skipped."""
    nodes = [node]
    for step in problem["loc"]:
        here = nodes[-1]
        if here.kind == "mapping" and str(step) in here:
            nodes.append(here[str(step)])
        elif here.kind == "sequence" and isinstance(step, int):
            nodes += here.elements()[step : step + 1]
    return nodes


def _place(node: Node, problem: ErrorDetails) -> Place:
    nodes = _walk(node, problem)
    if problem["type"] == "extra_forbidden" and len(nodes) > 1:
        return nodes[-2].key_place(_key(problem))
    return nodes[-1].place


def _owner(model: Model, problem: ErrorDetails) -> Model:
    """The record whose field the problem is about, found by following the annotations."""
    owner, choices = model, [model]
    for step in problem["loc"][:-1]:
        choices = _models_at(owner, str(step)) or choices
        named = [choice for choice in choices if choice.__name__ == step]
        owner = (named or choices)[0]
    return owner


def _models_at(owner: Model, key: str) -> list[Model]:
    fields = [field for name, field in owner.model_fields.items() if key_of(name) == key]
    return _models_in(fields[0].annotation) if fields else []


def _models_in(annotation: Any) -> list[Model]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]
