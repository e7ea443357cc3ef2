"""The controls' texts as the pairs of a query, and a state without what says nothing new."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from accelsim.base.errors import InputError
from accelsim.report.page.answer import own_context
from accelsim.report.page.choices import form_named
from accelsim.report.page.prices import sourced
from accelsim.report.page.question import BATCH, loaded, written_question
from accelsim.report.page.state import MachineState, State

LENGTHS = ("context", "batch")

Pairs = dict[str, str]


def pairs_of(
    workload: str,
    machines: Mapping[str, str | None],
    controls: Iterable[tuple[Mapping[str, str], str | None]],
) -> Pairs:
    """What a link would say. `controls` are (identity, text); one whose `of` names another machine
    or mechanism than is chosen now is about to be replaced, and says nothing."""
    chosen = {side: name for side, name in machines.items() if name}
    pairs = {"workload": workload, **chosen}
    for identity, text in controls:
        key = identity["key"]
        owner = chosen.get(key.partition(".")[0]) if "." in key else workload
        if text and identity["of"] in ("", owner):
            pairs[key] = text.strip()
    return pairs


def followed(pairs: Pairs, was: State) -> Pairs:
    """Lengths that nobody moved are those of the workload, also of another one."""
    now = tuple(pairs.get(key) for key in ("workload", "form", "model"))
    if now == sized_by(was):
        return pairs
    stale = [key for key in LENGTHS if getattr(was, key) is None]
    return {key: text for key, text in pairs.items() if key not in stale}


def sized_by(state: State) -> tuple[str | None, ...]:
    """What decides which lengths there are, and what they are if nobody moves them."""
    return state.workload, form_named(state.workload, state.form).name, state.model


def settled(state: State) -> State:
    """Without lengths that the workload has anyway, and prices that have a source."""
    machines = tuple(_settled(machine) for machine in state.machines)
    try:
        cascade = loaded(written_question(state))
    except InputError:
        return replace(state, machines=machines)
    is_own = state.context == own_context(state, cascade)
    first = form_named(state.workload, None).name
    return replace(
        state,
        machines=machines,
        form=None if state.form == first else state.form,
        context=None if is_own else state.context,
        batch=None if state.batch == cascade.ranks.get(BATCH) else state.batch,
    )


def _settled(machine: MachineState) -> MachineState:
    known = sourced().get(machine.name)
    usual = known.usd_per_hour if known else 0
    return replace(machine, price=None) if machine.price == usual else machine
