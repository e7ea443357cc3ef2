"""What a job of a serving study comes to: rows of numbers.

by: simulation    decode only and all requests at time 0; the steady part (`sim/steady.py`) of it
    tokens_per_s, batch          of the steady part: what is compared
    tokens_per_usd               the same per dollar
    whole_tokens_per_s, whole_batch    from time 0 to the last token
    tbt_p50_s, tbt_p99_s         between two tokens of a request, of the whole run
    requests, seconds, preempted, recomputed_tokens

by: balance       the mean prompt and output of the trace, and how outputs vary
    context      = prompt + output (1 + variation^2) / 2       mean keys of a sequence under way
    batch        = room / (context + page / 2), at most serving.most_sequences
    tokens_per_s = batch / tbt_s
    (a sequence is under way for as long as its output, so that long ones are met more often)

by: iteration     tbt_s, model_s, attention_s, network_s, host_s (of one batch's way), bound,
                  sent_bytes over the link to attention workers, bandwidth_gb_per_s that this
                  takes within a fifth of the time of model and attention

by: parts         part (tbt, model, attention, network, host) and part_s

usd_per_hour is the system's. `reason` says why a row has no numbers: what does not fit.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from accelsim.arch.load_system import load_system, machines_of
from accelsim.base.errors import ArchError, WorkloadError
from accelsim.cost.system.costs import Costs, costs_of
from accelsim.cost.system.iteration import Batch, Iteration
from accelsim.cost.system.plan import Plan, plan_of
from accelsim.sim.arrivals import at_once, load_trace, read_trace
from accelsim.sim.request import Request
from accelsim.sim.steady import SteadyPart
from accelsim.sim.system.serve import Options, serve
from accelsim.study.serving_points import Job
from accelsim.workload.model import Model
from accelsim.workload.model_load import load_model

DECODE_ONLY = {"serving.prefill": "elsewhere"}
"""Prompts come done, unless a run says otherwise."""

WARM_UP = 0.25
"""Share of the requests that are answered before the steady part begins."""
LINK_SHARE = 0.2
"""Of an iteration, that traffic may take: alpha of Lamina's minimum bandwidth (its figure 4)."""
PARTS = ("tbt", "model", "attention", "network", "host")
Row = dict[str, Any]

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "simulation": (
        "tokens_per_s",
        "batch",
        "tokens_per_usd",
        "whole_tokens_per_s",
        "whole_batch",
        "tbt_p50_s",
        "tbt_p99_s",
        "requests",
        "seconds",
        "preempted",
        "recomputed_tokens",
        "usd_per_hour",
    ),
    "balance": (
        "tokens_per_s",
        "batch",
        "context",
        "tokens_per_usd",
        "usd_per_million_tokens",
        "tbt_s",
        "bound",
        "usd_per_hour",
    ),
    "iteration": (
        "tbt_s",
        "model_s",
        "attention_s",
        "network_s",
        "host_s",
        "bound",
        "sent_bytes",
        "bandwidth_gb_per_s",
        "usd_per_hour",
    ),
    "parts": ("part", "part_s"),
}


def rows_of(job: Job) -> list[Row]:
    """One row; of parts, one each.

    Raises
    ------
    InputError
        if a system, model or trace cannot be read, or a setting is of none of them.
    """
    settings = {path: str(value) for path, value in job.settings}
    system = load_system(job.system, {**DECODE_ONLY, **settings})
    try:
        costs = costs_of(plan_of(system, _model(job.model), machines_of(system)))
        found = {"simulation": _simulated, "balance": _balanced, "iteration": _iterated}
        if job.by == "parts":
            return _parts(costs, job)
        return [{**found[job.by](costs, job), "usd_per_hour": system.usd_per_hour, "reason": ""}]
    except (ArchError, WorkloadError) as error:
        parts = PARTS if job.by == "parts" else (None,)
        told = {"usd_per_hour": system.usd_per_hour, "reason": error.fact}
        return [{**told, "part": part} for part in parts]


@lru_cache(maxsize=64)
def _model(name: str) -> Model:
    return load_model(name)


# --- in time --------------------------------------------------------------------------------------


def _simulated(costs: Costs, job: Job) -> Row:
    requests = _requests(job)
    watch = SteadyPart(warm_up=max(1, round(WARM_UP * len(requests))))
    served = serve(costs.plan, requests, Options(took=watch.took))
    summary, steady = served.summary, watch.of(served.ledger)
    speed = steady.tokens_per_s if steady else None
    return {
        "tokens_per_s": speed,
        "batch": steady.mean_batch if steady else None,
        "tokens_per_usd": _per_usd(costs.plan, speed),
        "whole_tokens_per_s": summary.tokens_per_s,
        "whole_batch": summary.mean_batch,
        "tbt_p50_s": summary.tbt.percentile(50),
        "tbt_p99_s": summary.tbt.percentile(99),
        "requests": len(requests),
        "seconds": summary.seconds,
        "preempted": summary.preempted,
        "recomputed_tokens": summary.recomputed_tokens,
    }


def _requests(job: Job) -> list[Request]:
    assert job.trace is not None
    every = at_once(read_trace(job.trace, requests=job.requests))
    most = job.most_tokens
    return [each for each in every if most is None or _tokens(each) <= most]


def _tokens(request: Request) -> int:
    return request.prompt_tokens + request.output_tokens


# --- by formula -----------------------------------------------------------------------------------


def _balanced(costs: Costs, job: Job) -> Row:
    assert job.trace is not None
    trace, plan = load_trace(job.trace), costs.plan
    output = float(trace.output.mean) * (1 + float(trace.output.variation) ** 2) / 2
    context = float(trace.prompt.mean) + output
    serving, page = plan.system.serving, plan.system.memory.page
    batch = min(int(plan.kv_tokens // (context + page / 2)), serving.most_sequences)
    if batch < 1:
        fact = f"room for {plan.kv_tokens:,} tokens, and a sequence has {context:,.0f}"
        raise WorkloadError(fact)
    # Engines that know nothing of one another do the same.
    iteration = costs(Batch(batch, round(batch * context)))
    speed = plan.engines * batch / iteration.seconds
    per_usd = _per_usd(plan, speed)
    return {
        "tokens_per_s": speed,
        "batch": plan.engines * batch,
        "context": context,
        "tokens_per_usd": per_usd,
        "usd_per_million_tokens": 1e6 / per_usd if per_usd else None,
        "tbt_s": iteration.seconds,
        "bound": iteration.bound,
    }


def _iterated(costs: Costs, job: Job) -> Row:
    iteration = _iteration(costs, job)
    way = iteration.way_s
    sent_bytes = _offloaded_bytes(costs.plan, iteration)
    least = sent_bytes / (LINK_SHARE * (way["model"] + way["attention"]))
    return {
        "tbt_s": iteration.seconds,
        **{f"{part}_s": seconds for part, seconds in way.items()},
        "bound": iteration.bound,
        "sent_bytes": sent_bytes,
        "bandwidth_gb_per_s": least / 1e9,
    }


def _parts(costs: Costs, job: Job) -> list[Row]:
    iteration = _iteration(costs, job)
    seconds = {"tbt": iteration.seconds, **iteration.way_s}
    return [{"part": part, "part_s": seconds[part], "reason": ""} for part in PARTS]


def _iteration(costs: Costs, job: Job) -> Iteration:
    assert job.sequences is not None
    assert job.context is not None
    needed = job.sequences * job.context
    if needed > costs.plan.kv_tokens:
        fact = f"{needed:,} tokens, and room for {costs.plan.kv_tokens:,}"
        raise WorkloadError(fact)
    return costs(Batch(job.sequences, needed))


def _offloaded_bytes(plan: Plan, iteration: Iteration) -> float:
    """Over the first link between model and attention workers."""
    if not plan.is_offloaded:
        return 0.0
    link = plan.system.route(plan.holder.name, plan.attender.name)[0]
    return float(iteration.link_bytes[link.name])


def _per_usd(plan: Plan, tokens_per_s: float | None) -> float | None:
    price = plan.system.usd_per_hour
    return tokens_per_s * 3600 / price if tokens_per_s and price else None
