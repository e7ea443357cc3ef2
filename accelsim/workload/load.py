"""Workload YAML → Cascade, checked.

    about: Softmax attention …                       what it is, in a sentence
    source: Vaswani et al. 2017, eq. 1               where it comes from
    word: 2 B                                        bytes of an element
    words: {QK: 4 B}                                 … of one tensor, where it differs
    ranks: {B: 1, P: 4096, M: P, M0: 256, M1: ceil(M / M0)}
    inputs: {Q: [B, P, E], K: [B, M, E]}
    outputs: {AV: [B, P, F]}                         optional, see below
    tensors: {VS: [S, F]}                            optional, likewise, for what is no output
    values: {W: [128, 1024]}                         optional: what inputs hold (tables.py)
    cascade: |
      …                                              see parse.py

A tensor that an Einsum defines has the ranks of its left-hand side. `outputs` says so explicitly:
it keeps as an output what another Einsum reads, allows a left-hand rank that no tensor on the right
has, and gives the ranks where they cannot be read off (`Y[2*i + 1]`, or `X[m1,m0]` over M); so does
`tensors`, without making it an output.

A shape (`workloads/shapes/bert.yaml`) is a set of ranks; those that the workload has replace its
own.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from accelsim.base.catalogue import find, shipped
from accelsim.base.errors import Place, WorkloadError, did_you_mean
from accelsim.base.record import Number, Positive, Record, read_record, refuse_another_kind
from accelsim.base.setting import Value, parse_setting, with_settings
from accelsim.base.yamlfile import Node, read_yaml
from accelsim.workload.checks import check_cascade, check_text
from accelsim.workload.data_checks import check_data
from accelsim.workload.dependencies import offset_over
from accelsim.workload.einsum import Access, Cascade, Einsum, Tensor
from accelsim.workload.forms import Density, EinsumText, RankSizes, chosen, read_forms, split_name
from accelsim.workload.parse import CascadeText, parse_cascade
from accelsim.workload.ranks import resolve_ranks


class Workload(Record):
    """The file's keys."""

    about: str = ""
    source: str = ""
    word_bytes: Positive
    words_bytes: dict[str, Positive] = {}
    ranks: RankSizes
    inputs: dict[str, tuple[str, ...]] = {}
    outputs: dict[str, tuple[str, ...]] = {}
    tensors: dict[str, tuple[str, ...]] = {}
    densities: dict[str, Density] = {}
    values: dict[str, tuple[Number, ...]] = {}
    cascade: EinsumText


class Shape(Record):
    """Ranks of a model, for any workload that has them."""

    about: str
    source: str
    ranks: RankSizes


def load_workload(
    path_or_name: str | Path,
    overrides: Mapping[str, Value] | None = None,
    shape: str | Path | None = None,
) -> Cascade:
    """The cascade of a file or a shipped workload (`attention/one_pass`), of a file of several the
    first or the one chosen (`heads/mla:decode`, see forms.py).

    `shape` replaces ranks, then `overrides` replaces any path: {"ranks.P": "128", "word": "1 B"}.
    """
    name, choices = split_name(str(path_or_name))
    path = find(name, "workloads")
    changes = dict(overrides or {})
    ranks = {key: value for key, value in changes.items() if key.startswith("ranks.")}
    others = {key: value for key, value in changes.items() if key not in ranks}
    one, form = chosen(read_yaml(path), choices)
    node = with_settings(one, Workload, others)
    sizes = {key[6:]: _rank_override(key, value) for key, value in ranks.items()}
    full = ":".join(part for part in (_name(path), form) if part)
    return read_workload(node, full, _shape_ranks(shape) if shape else {}, sizes)


def read_every_form(node: Node, name: str) -> list[Cascade]:
    """The cascades of a file of several, each form by itself and each preset with its first."""
    forms = read_forms(node)
    assert forms is not None, "the file has forms"
    choices = [*forms.forms, *forms.presets]
    return [read_workload(chosen(node, [each])[0], f"{name}:{each}") for each in choices]


def read_workload(
    node: Node,
    name: str,
    shape_ranks: Mapping[str, "Written"] | None = None,
    rank_overrides: Mapping[str, "Written"] | None = None,
) -> Cascade:
    """The cascade that a YAML node describes."""
    refuse_another_kind(node, Workload, "cascade")
    workload = read_record(node, Workload)
    text = parse_cascade(workload.cascade, _cascade_place(node["cascade"]))
    if not text.einsums:
        raise WorkloadError(f"{name} has no Einsum", at=node["cascade"].place)
    _check_names(node, workload, text)
    written = _written(name, node, workload, text, shape_ranks or {}, rank_overrides or {})
    check_text(text, written, workload.inputs)
    chosen = frozenset([*(shape_ranks or {}), *(rank_overrides or {})])
    cascade = replace(_cascade(name, node, workload, text, written), chosen=chosen)
    check_cascade(cascade, workload.ranks)
    check_data(cascade, node)
    return cascade


def _name(path: Path) -> str:
    """`attention/one_pass` for a shipped file, the bare name for any other."""
    root = shipped() / "workloads"
    inside = path.resolve().is_relative_to(root.resolve())
    relative = path.resolve().relative_to(root.resolve()) if inside else Path(path.name)
    return relative.with_suffix("").as_posix()


def _cascade_place(node: Node) -> Place:
    """Where the first line of the text stands: below its key, if it is a block."""
    below = 1 if "\n" in node.text else 0
    return Place(node.place.file, (node.place.line or 1) + below)


# --- ranks ---------------------------------------------------------------------------------------


class Written(NamedTuple):
    """A rank's size as somebody wrote it: a number or an expression, and where it stands."""

    size: Any
    place: Place


def _shape_ranks(shape: str | Path) -> dict[str, Written]:
    node = read_yaml(find(shape, "shapes"))
    ranks = read_record(node, Shape).ranks
    return {rank: Written(size, node["ranks"].key_place(rank)) for rank, size in ranks.items()}


def _rank_override(key: str, value: Value) -> Written:
    return Written(parse_setting(key, value).value, Place(f"{key}={value}"))


def _written(
    name: str,
    node: Node,
    workload: Workload,
    text: CascadeText,
    shape_ranks: Mapping[str, Written],
    rank_overrides: Mapping[str, Written],
) -> dict[str, Written]:
    """What was written for each rank, the latest word first."""
    known = {*workload.ranks, *_partition_ranks(text)}
    for rank, override_of_rank in rank_overrides.items():
        if rank not in known:
            remedy = did_you_mean(rank, known) or f"Its ranks are {', '.join(sorted(known))}"
            fact = f"{name} has no rank {rank!r}"
            raise WorkloadError(fact, at=override_of_rank.place, remedy=remedy)
    places = {rank: node["ranks"].key_place(rank) for rank in workload.ranks}
    own = {rank: Written(size, places[rank]) for rank, size in workload.ranks.items()}
    from_shape = {rank: each for rank, each in shape_ranks.items() if rank in known}
    return {**own, **from_shape, **rank_overrides}


def _partition_ranks(text: CascadeText) -> set[str]:
    return {rank for each in text.partitions for rank in (each.whole, *each.parts)}


# --- tensors -------------------------------------------------------------------------------------


def _cascade(
    name: str, node: Node, workload: Workload, text: CascadeText, written: Mapping[str, Written]
) -> Cascade:
    partitions = {each.whole: each.parts for each in text.partitions}
    declared = {rank: each.size for rank, each in written.items()}
    places: dict[str, Place | None] = {each.whole: each.place for each in text.partitions}
    places |= {rank: each.place for rank, each in written.items()}
    return Cascade(
        name=name,
        about=workload.about,
        source=workload.source,
        ranks=resolve_ranks(declared, partitions, places),
        tensors={tensor.name: tensor for tensor in _tensors(workload, text)},
        einsums=text.einsums,
        initial=text.initial,
        partitions=partitions,
        declared=declared,
        kept=tuple(workload.outputs),
        values=workload.values,
        densities={name: density.value for name, density in workload.densities.items()},
        place=node.place,
    )


def _tensors(workload: Workload, text: CascadeText) -> list[Tensor]:
    ranks = dict(workload.inputs)
    for einsum in text.einsums:
        given = {**workload.tensors, **workload.outputs}.get(einsum.name)
        ranks[einsum.name] = _inferred(einsum) if given is None else given
    word = workload.word_bytes
    return [Tensor(name, own, workload.words_bytes.get(name, word)) for name, own in ranks.items()]


def _inferred(einsum: Einsum) -> tuple[str, ...]:
    """The ranks of the left-hand side, each `m` or `m + 1`."""
    ranks = tuple(_only_rank(einsum.output, number) for number in range(len(einsum.output.indices)))
    if None in ranks or len(set(ranks)) < len(ranks):
        raise WorkloadError(
            f"Einsum {einsum.name}: the ranks of {einsum.output} cannot be read off",
            at=einsum.place,
            remedy=f"Declare them: 'outputs: {{{einsum.name}: [...]}}', or 'tensors' if it is none",
        )
    return tuple(str(rank) for rank in ranks)


def _only_rank(output: Access, number: int) -> str | None:
    index = output.indices[number]
    rank = index.ranks[0] if len(index.ranks) == 1 else ""
    return rank if offset_over(index, rank) is not None else None


def _check_names(node: Node, workload: Workload, text: CascadeText) -> None:
    """Names are well formed, and what the keys mention exists."""
    ranks = {*workload.ranks, *_partition_ranks(text)}
    for rank in workload.ranks:
        if not (rank.isidentifier() and rank.isupper()):
            raise WorkloadError(
                f"{rank!r} is not the name of a rank",
                at=node["ranks"].key_place(rank),
                remedy="Ranks are upper case, like P or M0",
            )
    tensors = {*workload.inputs, *(einsum.name for einsum in text.einsums)}
    keys = {"inputs": workload.inputs, "outputs": workload.outputs, "tensors": workload.tensors}
    for key, own in keys.items():
        for name, tensor_ranks in own.items():
            _check_tensor(node[key].key_place(name), key, name, tensor_ranks, ranks)
    produced = tensors - set(workload.inputs)
    _check_known(node, "densities", workload.densities, tensors, "there is no such tensor")
    _check_known(node, "outputs", workload.outputs, produced, "no Einsum defines it")
    _check_known(node, "tensors", workload.tensors, produced, "no Einsum defines it")
    _check_known(node, "values", workload.values, set(workload.inputs), "it is no input")
    _check_known(node, "words", workload.words_bytes, tensors, "there is no such tensor")


def _check_tensor(
    at: Place, key: str, name: str, tensor_ranks: tuple[str, ...], ranks: set[str]
) -> None:
    if not (name.isidentifier() and name[0].isupper()):
        remedy = "Names of tensors start with a capital letter"
        raise WorkloadError(f"{name!r} is not the name of a tensor", at=at, remedy=remedy)
    for rank in tensor_ranks:
        if rank not in ranks:
            remedy = did_you_mean(rank, ranks) or f"Declare {rank} under 'ranks'"
            raise WorkloadError(
                f"{key}: {name} has no declared rank {rank!r}", at=at, remedy=remedy
            )
    if len(set(tensor_ranks)) < len(tensor_ranks):
        listed = ", ".join(tensor_ranks)
        remedy = "Declare a second rank of the same size, like 'S: P'"
        raise WorkloadError(f"{key}: {name} has a rank twice: [{listed}]", at=at, remedy=remedy)


def _check_known(
    node: Node, key: str, names: Mapping[str, Any], known: set[str], fact: str
) -> None:
    for name in names:
        if name not in known:
            remedy = did_you_mean(name, known) or f"It could be {', '.join(sorted(known))}"
            raise WorkloadError(
                f"{key}: {name}: {fact}", at=node[key].key_place(name), remedy=remedy
            )
