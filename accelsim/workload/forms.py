"""One file, several cascades: the forms and presets of a mechanism.

    forms:                      the first is the default; `linear/lightning_2:decode` is another
      prefill: {cascade: …}
      chunked: {equals: prefill, ranks: {T: 64}, cascade: …}
      decode:  {ranks: {P: 1, M: 32768}, inputs: {S: [B, H, E, F]}, cascade: …}
    presets:                    ranks of a model; `heads/sqa:xsqa:decode` has those of xsqa
      xsqa: {source: …, ranks: {H: 4, G: 4}}

A form's keys add to those of the file, or replace them; its ranks replace a preset's, for they make
it what it is. Tensors of the file that a form does not mention are none of its. `equals` says that
a form is another one, rewritten; `phase` when it runs; `about` what sets it apart.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import WithJsonSchema

from accelsim.base.errors import WorkloadError, did_you_mean
from accelsim.base.node import Node
from accelsim.base.record import Number, Positive, Record, Share, read_record

Phase = Literal["prefill", "decode", "training"]
PHASES: tuple[Phase, ...] = ("prefill", "decode", "training")

RankSizes = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "type": "object",
            "description": "Sizes by rank: whole numbers, or expressions over other ranks.",
            "propertyNames": {"pattern": "^[A-Z][A-Z0-9_]*$"},
            "additionalProperties": {"type": ["integer", "string"]},
        }
    ),
]
EinsumText = Annotated[
    str,
    WithJsonSchema(
        {
            "type": "string",
            "description": "Einsums, one a line: S[p,m] += Q[p,e] * K[m,e]; docs/language.md",
            "pattern": r"[A-Z]\w*\s*(\[[^\]]*\])?\s*[a-z_+*]*=",
        }
    ),
]


class Density(Record):
    """How much of a mask is 1, of the points that its other conditions leave: a share, or an
    expression over ranks (`(S + W) / M`), of which 1 is the most."""

    value: Share | str
    source: str


class Form(Record):
    """One cascade of a mechanism; what it leaves out is as in the file."""

    about: str = ""
    phase: Phase | None = None
    equals: str | None = None
    context: str | dict[str, str] | None = None
    tokens: str | None = None
    state: tuple[str, ...] | None = None
    word_bytes: Positive | None = None
    words_bytes: dict[str, Positive] = {}
    ranks: RankSizes = {}
    inputs: dict[str, tuple[str, ...]] = {}
    outputs: dict[str, tuple[str, ...]] = {}
    tensors: dict[str, tuple[str, ...]] = {}
    densities: dict[str, Density] = {}
    values: dict[str, tuple[Number, ...]] = {}
    cascade: EinsumText


class Preset(Record):
    """Ranks under a name: those of a model, or of a named variant."""

    about: str = ""
    source: str
    ranks: RankSizes


class Forms(Record):
    """A file of several forms; every other key is as in a file of one."""

    context: str | dict[str, str] | None = None
    tokens: str | None = None
    forms: dict[str, Form]
    presets: dict[str, Preset] = {}

    def phase(self, form: str) -> Phase:
        """When a form runs: as it says, or as it is called."""
        called: Phase = next((phase for phase in PHASES if phase == form), "prefill")
        return self.forms[form].phase or called


_OWN = ("context", "tokens", "forms", "presets")
_MERGED = ("words", "ranks", "inputs", "outputs", "tensors", "densities", "values")
_NAMES = ("inputs", "words", "outputs", "tensors", "densities", "values")
_SAID = ("about", "phase", "equals", "context", "tokens", "state")


def split_name(name: str) -> tuple[str, tuple[str, ...]]:
    """`heads/sqa:xsqa:decode` → the file's name, and what is chosen of it."""
    file, *choices = name.split(":")
    return file, tuple(choices)


def read_forms(node: Node) -> Forms | None:
    """The forms and presets of a file; None if it has one cascade."""
    if "forms" not in node:
        return None
    own = Node(node.place, {key: node[key] for key in _OWN if key in node})
    found = read_record(own, Forms)
    if not found.forms:
        raise WorkloadError("there is no form", at=node["forms"].place, remedy="Add one")
    for name, form in found.forms.items():
        if form.equals is not None and form.equals not in found.forms:
            place = node["forms"][name]["equals"].place
            remedy = did_you_mean(form.equals, found.forms)
            raise WorkloadError(f"there is no form {form.equals!r}", at=place, remedy=remedy)
    _check_presets(node, found)
    return found


def _check_presets(node: Node, found: Forms) -> None:
    """Ranks of presets are those of the file or of a form: another would change no number."""
    known = set(node["ranks"].keys() if "ranks" in node else ())
    known |= {rank for form in found.forms.values() for rank in form.ranks}
    for name, preset in found.presets.items():
        for rank in preset.ranks:
            if rank not in known:
                place = node["presets"][name]["ranks"].key_place(rank)
                remedy = did_you_mean(rank, known) or f"The ranks are {', '.join(sorted(known))}"
                fact = f"preset {name}: there is no rank {rank!r}"
                raise WorkloadError(fact, at=place, remedy=remedy)


def chosen(node: Node, choices: Sequence[str]) -> tuple[Node, str]:
    """The file as if it had the chosen form alone, and the name of what was chosen."""
    forms = read_forms(node)
    if forms is None:
        if choices:
            fact = f"there is no {choices[0]!r}: the file has one cascade and no presets"
            raise WorkloadError(fact, at=node.place, remedy="Leave out the part after ':'")
        return node, ""
    form, presets = _told_apart(node, forms, choices)
    rest = {key: child for key, child in node.items() if key not in _OWN}
    whole = Node(node.place, rest, key_places=node.key_places)
    for preset in presets:
        whole = _merged(whole, Node(node.place, {"ranks": node["presets"][preset]["ranks"]}))
    text = node["forms"][form]["cascade"].text
    for key in _NAMES:
        whole = _mentioned(whole, key, text)
    whole = _merged(whole, node["forms"][form])
    return _mentioned(whole, "inputs", text), ":".join([*presets, form])


def _told_apart(node: Node, forms: Forms, choices: Sequence[str]) -> tuple[str, list[str]]:
    known = {**dict.fromkeys(forms.forms, "form"), **dict.fromkeys(forms.presets, "preset")}
    for choice in choices:
        if choice not in known:
            remedy = did_you_mean(choice, known) or f"There are {', '.join(known)}"
            fact = f"there is no form or preset {choice!r}"
            raise WorkloadError(fact, at=node["forms"].place, remedy=remedy)
    picked = [choice for choice in choices if choice in forms.forms]
    if len(picked) > 1:
        fact = f"{' and '.join(picked)} are two forms"
        raise WorkloadError(fact, at=node["forms"].place, remedy="Choose one")
    presets = [choice for choice in choices if choice not in forms.forms]
    return (picked or list(forms.forms))[0], presets


def _merged(node: Node, other: Node) -> Node:
    """The mapping with another's keys over its own."""
    for key, child in other.items():
        if key in _SAID:
            continue
        before = node.get(key)
        if key in _MERGED and before is not None:
            child = _over(before, child)
        node = node.with_child(key, child)
    return node


def _over(before: Node, after: Node) -> Node:
    places: Mapping[str, Any] = {**(before.key_places or {}), **(after.key_places or {})}
    return Node(before.place, dict([*before.items(), *after.items()]), key_places=places)


def _mentioned(node: Node, key: str, text: str) -> Node:
    """Without the tensors under this key that the cascade's text does not have."""
    tensors = node.get(key)
    if tensors is None:
        return node
    used = {name: child for name, child in tensors.items() if re.search(rf"\b{name}\[", text)}
    return node.with_child(key, Node(tensors.place, used, key_places=tensors.key_places))
