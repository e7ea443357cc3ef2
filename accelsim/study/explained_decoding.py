"""Why the next tokens of a model on a system, or the first of a prompt, come no sooner.

explained_decoding("llama3_70b", "eight_h100", sequences=64, context=4096).sentence
"""

from accelsim.arch.load_system import load_system, machines_of
from accelsim.arch.system import System
from accelsim.base.errors import WorkloadError
from accelsim.cost.explanation import Explanation
from accelsim.cost.system.explained import explained_iteration, explained_prompt
from accelsim.cost.system.iteration import Batch
from accelsim.cost.system.plan import Plan, plan_of
from accelsim.cost.system.served import prompt
from accelsim.workload.model import Model
from accelsim.workload.model_load import load_model


def explained_decoding(
    model: str | Model,
    system: str | System,
    *,
    sequences: int = 64,
    context: int = 4096,
    named: tuple[str, str] = ("", ""),
) -> Explanation:
    """Why sequences with `context` keys each get their next tokens no sooner, in one engine.

    Both may be loaded already; `named` are their names then.

    Raises
    ------
    WorkloadError
        if there is no room for their keys.
    """
    texts = (
        each if isinstance(each, str) else name
        for each, name in zip((model, system), named, strict=True)
    )
    of = f"{' on '.join(texts)}, {sequences:,} sequences of {context:,} keys"
    plan = plan_for(model, system)
    batch = batch_of(plan, sequences, context)
    return explained_iteration(plan, batch, of)


def explained_prefill(
    model: str | Model,
    system: str | System,
    *,
    context: int = 4096,
    named: tuple[str, str] = ("", ""),
) -> Explanation:
    """Why a prompt of `context` tokens has its first token no sooner, on an engine that is idle.

    Raises
    ------
    WorkloadError
        if the system works on no prompts, or has no room for this one.
    """
    texts = (
        each if isinstance(each, str) else name
        for each, name in zip((model, system), named, strict=True)
    )
    of = f"{' on '.join(texts)}, a prompt of {context:,} tokens"
    return explained_prompt(prompt(plan_for(model, system), context), of)


def plan_for(model: str | Model, system: str | System) -> Plan:
    """The model laid out over the system."""
    model = load_model(model) if isinstance(model, str) else model
    system = load_system(system) if isinstance(system, str) else system
    return plan_of(system, model, machines_of(system))


def batch_of(plan: Plan, sequences: int, context: int) -> Batch:
    """A WorkloadError if an engine has no room for it."""
    needed = sequences * context
    if needed > plan.kv_tokens:
        fact = f"{needed:,} tokens, and room for {plan.kv_tokens:,}"
        raise WorkloadError(fact, remedy="Take fewer sequences, or shorter ones")
    return Batch(sequences, needed)
