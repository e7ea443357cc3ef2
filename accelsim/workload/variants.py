"""Every mechanism of the catalogue by name: a form of a file, with a preset or without.

    linear/lightning_2:decode     family linear, row linear/lightning_2, form decode
    heads/sqa:xsqa:decode         … with the ranks of the preset xsqa

Listing them reads the files' keys and no cascade, so it is cheap.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from accelsim.base.catalogue import find, matching, names
from accelsim.base.errors import WorkloadError, did_you_mean
from accelsim.base.yamlfile import read_yaml
from accelsim.workload.einsum import Cascade
from accelsim.workload.forms import Forms, Phase, read_forms, split_name
from accelsim.workload.load import load_workload


@dataclass(frozen=True)
class Variant:
    """A form of a mechanism: what there is to say about it before its cascade is read.

    `about` is the form's own, or else the file's; `source` that of the preset, if there is one.
    `context`, `tokens` and `state` are those of the file (context.py), None where it says nothing.
    """

    family: str
    row: str
    form: str
    preset: str | None
    phase: Phase
    about: str
    source: str
    equals: str | None
    context: str | Mapping[str, str] | None = field(default=None, hash=False)
    tokens: str | None = None
    state: tuple[str, ...] | None = None

    @property
    def name(self) -> str:
        """What `load_workload` calls it."""
        return ":".join(part for part in (self.row, self.preset, self.form) if part)

    def load(self) -> Cascade:
        return load_workload(self.name)


def variants(every_preset: bool = False) -> tuple[Variant, ...]:
    """All of the catalogue's, by file, forms before presets. A preset has its file's first form, or
    with `every_preset` each of them."""
    return tuple(
        each
        for row in names("workloads")
        for each in variants_of(row)
        if every_preset or each.preset is None or each.form == _first_form(row)
    )


@lru_cache(maxsize=1024)
def variants_of(row: str) -> tuple[Variant, ...]:
    """Those of one file of the catalogue, with every preset; none if it has no forms."""
    node = read_yaml(find(row, "workloads"))
    forms = read_forms(node)
    if forms is None:
        return ()
    said = {key: node[key].text if key in node else "" for key in ("about", "source")}
    return tuple(_variants(row, forms, said))


def _variants(row: str, forms: Forms, said: Mapping[str, str]) -> Iterator[Variant]:
    for preset in (None, *forms.presets):
        source = forms.presets[preset].source if preset else said["source"]
        for name, form in forms.forms.items():
            yield Variant(
                family=row.partition("/")[0],
                row=row,
                form=name,
                preset=preset,
                phase=forms.phase(name),
                about=" ".join((form.about or said["about"]).split()),
                source=source,
                equals=form.equals,
                context=forms.context if form.context is None else form.context,
                tokens=form.tokens or forms.tokens,
                state=form.state,
            )


def _first_form(row: str) -> str:
    return variants_of(row)[0].form


# --- choosing -------------------------------------------------------------------------------------


def named(wanted: Iterable[str], known: Sequence[Variant]) -> tuple[Variant, ...]:
    """The variants that these words mean: a variant, or all of a file (`mla`, `heads/mla`)."""
    found = [each for word in wanted for each in _meant(word, known)]
    return tuple(dict.fromkeys(found))


def _meant(word: str, known: Sequence[Variant]) -> list[Variant]:
    text, choices = split_name(word)
    rows = matching(text, "workloads")
    if len(rows) > 1:
        fact = f"{text!r} could be {' or '.join(rows)}"
        raise WorkloadError(fact, remedy="Write it in full")
    own = variants_of(rows[0]) if rows else ()
    if not own:
        rows = list({each.row: None for each in variants()})
        near = did_you_mean(text, [*rows, *(row.rpartition("/")[2] for row in rows)])
        fact = f"there is no mechanism {text!r}"
        raise WorkloadError(fact, remedy=near or "`accelsim zoo` shows all")
    if not choices:
        return [each for each in known if each.row == rows[0]]
    wanted = set(choices)
    first = _first_form(rows[0])
    for each in own:
        parts = {part for part in (each.preset, each.form) if part}
        if wanted == parts or (wanted == {each.preset} and each.form == first):
            return [each]
    there = dict.fromkeys(part for each in own for part in (each.form, each.preset) if part)
    near = next(filter(None, (did_you_mean(c, there) for c in choices if c not in there)), None)
    fact = f"{rows[0]} has no form or preset {':'.join(choices)!r}"
    raise WorkloadError(fact, remedy=near or f"There are {', '.join(there)}")
