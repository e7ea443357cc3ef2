"""The controls' texts as the pairs of a query, and a state without what says nothing new."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from accelsim.base.errors import InputError
from accelsim.report.page.answer import own_context
from accelsim.report.page.choices import MODEL, Offered, form_named
from accelsim.report.page.prices import sourced
from accelsim.report.page.question import BATCH, loaded, written_question
from accelsim.report.page.state import SIDES, MachineState, State, workload_of
from accelsim.study.served_figures import CONTEXT, SEQUENCES

LENGTHS = ("context", "batch")
OF_WORKLOAD = ("form", "model", *LENGTHS)

Pairs = dict[str, str]


def pairs_of(
    chosen: Mapping[str, str | None], controls: Iterable[tuple[Mapping[str, str], str | None]]
) -> Pairs:
    """What a link would say. `chosen` are the workload and the machines, `controls` (identity,
    text); one whose `of` names another machine or mechanism than is chosen now is about to be
    replaced, and says nothing."""
    pairs = {key: name for key, name in chosen.items() if name}
    for identity, text in controls:
        key = identity["key"]
        owner = pairs.get(key.partition(".")[0] if "." in key else "workload")
        if text and identity["of"] in ("", owner):
            pairs[key] = text.strip()
    return pairs


def followed(pairs: Pairs, was: State, offered: Offered) -> Pairs:
    """What was not chosen now follows what was: machines a workload that does not run on them, and
    a workload a machine. Lengths that nobody moved are those of the workload, also of another
    one."""
    pairs = _of_one_kind(pairs, was, offered)
    now = tuple(pairs.get(key) for key in ("workload", "form", "model"))
    if now == sized_by(was):
        return pairs
    stale = [key for key in LENGTHS if getattr(was, key) is None]
    return {key: text for key, text in pairs.items() if key not in stale}


def _of_one_kind(pairs: Pairs, was: State, offered: Offered) -> Pairs:
    """Systems serve whole models, machines run mechanisms."""
    workload = pairs.get("workload", was.workload)
    strange = _strange(pairs, workload, offered)
    if not strange:
        return pairs
    if workload == was.workload:
        # A machine was chosen: what is of the workload before does not stay.
        workload = workload_of(pairs[strange[0]], was, offered) or workload
        pairs = {key: text for key, text in pairs.items() if key not in OF_WORKLOAD}
        pairs["workload"] = workload
    gone = _strange(pairs, workload, offered)
    return {key: text for key, text in pairs.items() if key.partition(".")[0] not in gone}


def _strange(pairs: Pairs, workload: str, offered: Offered) -> list[str]:
    """Sides whose machine does not run the workload."""
    known = offered.run_on(workload)
    return [side for side in SIDES if side in pairs and pairs[side] not in known]


def sized_by(state: State) -> tuple[str | None, ...]:
    """What decides which lengths there are, and what they are if nobody moves them."""
    model = MODEL if state.is_served and state.model is None else state.model
    return state.workload, form_named(state.workload, state.form).name, model


def settled(state: State) -> State:
    """Without lengths that the workload has anyway, and prices that have a source."""
    machines = tuple(_settled(machine) for machine in state.machines)
    if state.is_served:
        return replace(_settled_model(state), machines=machines)
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


def _settled_model(state: State) -> State:
    return replace(
        state,
        form=None if state.form == form_named(state.workload, None).name else state.form,
        model=None if state.model == MODEL else state.model,
        context=None if state.context == CONTEXT else state.context,
        batch=None if state.batch == SEQUENCES else state.batch,
    )


def _settled(machine: MachineState) -> MachineState:
    known = sourced().get(machine.name)
    usual = known.usd_per_hour if known else 0
    return replace(machine, price=None) if machine.price == usual else machine
