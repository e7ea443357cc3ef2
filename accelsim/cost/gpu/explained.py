"""Why kernels take as long as they do on a GPU, as data: resources, kernels, what would help.

A resource's row has the seconds that the model gives it, and in its formula what its count would
take at its highest rate; the model's are more where that rate is not reached (runs apart, partial
tiles, turnarounds of device memory). What would help is the same kernels on a GPU with twice of one
thing, one run alone, caches cold.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from accelsim.arch.gpu import Gpu, rate_per_s, sources
from accelsim.base.units import format_quantity
from accelsim.cost.explanation import Explanation, Help, Number, Row, RunnerUp, ranked, sentence
from accelsim.cost.gpu.call import call_cost, works_of
from accelsim.cost.gpu.cascade import GpuCost
from accelsim.cost.gpu.composed import Composed, composed
from accelsim.cost.gpu.levers import LEVER_OF, LEVERS, PATHS
from accelsim.cost.gpu.placed import placed
from accelsim.cost.gpu.unscaled import Larger, larger_call, nothing_larger, remedy
from accelsim.cost.gpu.why import WORDS
from accelsim.cost.gpu.work import Times
from accelsim.mapping.gpu_mapping import GpuMapping
from accelsim.workload.calls import Call

COUNTED = "counted: what the kernels do"
HALVINGS = 7
"""Of the factor at which the runner-up binds: to 2 %."""
LEAST_FACTOR = 1 / 64
HELD = 1.01
SHARED = {
    "l2": "tiles that neighbours read at once faster",
    "fp32": "by several pipes side by side",
}
"""Why a resource takes less than its count over the one rate that is shown."""

Run = Callable[[Gpu], Composed]


def explained_cascade(mapping: GpuMapping, gpu: Gpu, cost: GpuCost, of: str) -> Explanation:
    """Of a cascade's kernels, which stay the same on every GPU that is tried."""

    def run(on: Gpu) -> Composed:
        return composed(tuple(each.work for each in placed(mapping, on)), on)

    kernels = tuple(
        _kernel(each.name, each.times, cost.composed.seconds, " ".join(each.einsums))
        for each in cost.kernels
    )
    return _explained(run, gpu, cost.composed, kernels, of, nothing_larger)


def explained_call(call: Call, gpu: Gpu, of: str) -> Explanation:
    """Of a call of a library, which may choose another kernel on another GPU."""

    def run(on: Gpu) -> Composed:
        return composed(works_of(call, on), on)

    whole, names = run(gpu), call_cost(call, gpu).kernels
    each = zip(names, whole.each, strict=True)
    kernels = tuple(_kernel(name, times, whole.seconds, "") for name, times in each)
    larger = larger_call(call, lambda each: call_cost(each, gpu).seconds)
    return _explained(run, gpu, whole, kernels, of, larger)


def _explained(
    run: Run, gpu: Gpu, whole: Composed, kernels: tuple[Row, ...], of: str, larger: Larger
) -> Explanation:
    seconds = {name: run(lever(gpu, 2)).seconds for name, lever in LEVERS.items()}
    helps = ranked(
        Help(name, 2, whole.seconds / each, PATHS[name]) for name, each in seconds.items()
    )
    runner_up = _runner_up(run, gpu, whole, larger)
    longest = _longest(whole.by_resource)[0]
    share = whole.by_resource[longest] / whole.seconds
    bound = _bound_text(whole.bound, longest, share)
    idle = "" if longest == "hbm" else "device memory bandwidth"
    own = remedy(longest, whole, gpu, larger)
    is_idle = idle and whole.seconds / seconds[idle] < 1.005
    return Explanation(
        of=of,
        latency_s=whole.seconds,
        bound=whole.bound,
        bound_on=WORDS.get(longest, longest),
        bound_text=bound,
        runner_up=runner_up,
        rows=(*_resources(whole, gpu), *kernels),
        helps=helps,
        sentence=sentence(bound, helps, runner_up, idle if is_idle else "", own),
        remedy=own,
    )


def _bound_text(bound: str, longest: str, share: float) -> str:
    if bound != longest:
        return f"{bound}-bound back to back, longest on {WORDS[longest]} ({share:.0%} of one run)"
    return f"bound by {WORDS.get(longest, longest)} ({share:.0%} busy)"


def _longest(by_resource: Mapping[str, float]) -> list[str]:
    return sorted(by_resource, key=lambda name: -by_resource[name])


def _kernel(name: str, times: Times, whole_s: float, note: str) -> Row:
    shares = [f"{WORDS.get(n, n)} {times.by_resource[n] / times.seconds:.0%}"
              for n in _longest(times.by_resource)[:2]]  # fmt: skip
    return Row("kernel", name, times.seconds, times.seconds / whole_s, ", ".join(shares), (), note)


# --- the runner-up --------------------------------------------------------------------------------


def _runner_up(run: Run, gpu: Gpu, whole: Composed, larger: Larger) -> RunnerUp | None:
    """Where the resource that needs second longest would bind, with less of it; where it cannot be
    scaled, what would take it away."""
    order = _longest(whole.by_resource)
    if len(order) < 2 or not whole.by_resource[order[1]]:
        return None
    first, second = order[:2]
    share = whole.by_resource[second] / whole.by_resource[first]
    word, lever = WORDS.get(second, second), LEVER_OF.get(second, "")
    if not lever:
        told = remedy(second, whole, gpu, larger)
        text = f"next: {word}, {share:.0%} as long" + (f" ({told})" if told else "")
        return RunnerUp(second, share, lever, None, text)
    at = _binds_at(lambda factor: _longest(run(LEVERS[lever](gpu, factor)).by_resource)[0] != first)
    if at is None:
        return RunnerUp(second, share, lever, None, f"next: {word}, {share:.0%} as long")
    text = f"{word} would bind at {at:.2f}x the {lever}"
    return RunnerUp(second, share, lever, at, text)


def _binds_at(binds: Callable[[float], bool]) -> float | None:
    """The largest factor below 1 at which it does, by halving the logarithm."""
    low, high = LEAST_FACTOR, 1.0
    if not binds(low):
        return None
    for _ in range(HALVINGS):
        middle = float((low * high) ** 0.5)
        low, high = (middle, high) if binds(middle) else (low, middle)
    return low


# --- resources ------------------------------------------------------------------------------------


def _resources(whole: Composed, gpu: Gpu) -> Iterator[Row]:
    needed = [name for name in _longest(whole.by_resource) if whole.by_resource[name]]
    for name in needed:
        seconds = whole.by_resource[name]
        numbers = tuple(_numbers(name, whole, gpu))
        text = _formula(name, numbers, whole, gpu)
        yield Row(
            "resource", WORDS.get(name, name), seconds, seconds / whole.seconds, text, numbers
        )


def _formula(name: str, numbers: Sequence[Number], whole: Composed, gpu: Gpu) -> str:
    counts = [each for each in numbers if each.source == COUNTED]
    rates = [each for each in numbers if each.source != COUNTED and each.name != "clock"]
    if name == "launch":
        number = len(whole.each)
        first = format_quantity(gpu.launch.floor_s, "s")
        return f"{number} launch{'es' if number > 1 else ''}, the first {first}, and their blocks"
    if name == "latency":
        return "waits on latencies, and slots that wait for the last block"
    if not (counts and rates):
        return ""
    terms = [f"{format_quantity(each.value, each.unit or '1')}" for each in counts]
    peak_s = _at_peak(name, numbers, gpu, whole.burst_clock_hz)
    over = " · ".join(format_quantity(each.value, each.unit or "1") for each in rates)
    clock = any(each.name == "clock" for each in numbers)
    over += f" · {format_quantity(whole.burst_clock_hz, 'Hz')}" if clock else ""
    text = f"{' + '.join(terms)} / ({over})"
    if peak_s > whole.by_resource[name] * HELD:
        return f"{text}, {SHARED.get(name, 'in part faster')}"
    return f"{text} = {format_quantity(peak_s, 's')} at its highest rate"


def _at_peak(name: str, numbers: Sequence[Number], gpu: Gpu, clock_hz: float) -> float:
    """Seconds of the counts at the rates; what is per cycle and SM is so at the clock of a run."""
    count = sum(each.value for each in numbers if each.source == COUNTED)
    rates = [each for each in numbers if each.source != COUNTED and each.name != "clock"]
    rate = 1.0
    for each in rates:
        rate *= each.value
    if any(each.name == "clock" for each in numbers):
        rate *= clock_hz
    return count / rate


def _numbers(name: str, whole: Composed, gpu: Gpu) -> Iterator[Number]:
    """Counts, then the rates that they are divided by."""
    told, counts = sources(gpu), _counts(name, whole.cold_actions, gpu)
    yield from (Number(what, n, unit, COUNTED) for what, n, unit in counts if n)
    if name in ("hbm", "l2"):
        level = gpu.hbm if name == "hbm" else gpu.l2
        rate = rate_per_s(level.bandwidth, gpu)
        yield Number(f"memories.{level.name}.bandwidth", rate, "B/s", level.source)
        return
    if name == "launch":
        yield Number("launch.floor", float(gpu.launch.floor_s), "s", gpu.launch.source)
        return
    rate_of = _rate_of_sm(name, whole, gpu)
    if rate_of is not None:
        yield Number("sms", float(gpu.sms), "", told["gpu"])
        yield rate_of
        yield Number("clock", float(gpu.clock_hz), "Hz", told["gpu"])


def _rate_of_sm(name: str, whole: Composed, gpu: Gpu) -> Number | None:
    """A cycle of one SM."""
    if name == "shared":
        rate = float(gpu.sm.shared_bandwidth.per_cycle(gpu.clock_hz))
        return Number("sm.shared_bandwidth", rate, "B/cycle", gpu.sm.source)
    if name == "tensor":
        actions = [each for each in whole.cold_actions if _is_tensor(each, gpu)]
        family, _, word = actions[0].partition("_") if actions else ("", "", "")
        cores = next((each for each in gpu.tensor if each.name == family), None)
        if cores is None or word not in cores.flop:
            return None
        path = f"tensor.{family}.flop.{word}"
        return Number(path, float(cores.flop[word]), "FLOP/cycle", cores.source)
    operation = {"special-function": "exp", "fp32": "mac"}.get(name)
    if operation is None:
        return None
    pipe = gpu.pipe(operation)
    return Number(f"pipes.{pipe.name}.lanes", float(pipe.lanes), "1/cycle", pipe.source)


def _counts(name: str, actions: Mapping[str, float], gpu: Gpu) -> Iterator[tuple[str, float, str]]:
    of = {
        "hbm": ("HBM", "B"),
        "l2": ("l2 bulk", "B"),
        "shared": ("shared", "B"),
        "special-function": ("exp", ""),
        "fp32": ("fp32 op fma", ""),
    }
    if name == "tensor":
        yield from ((a, n, "FLOP") for a, n in actions.items() if _is_tensor(a, gpu))
    elif name in of:
        names, unit = of[name]
        yield from ((each, actions.get(each, 0.0), unit) for each in names.split())


def _is_tensor(action: str, gpu: Gpu) -> bool:
    return action.partition("_")[0] in {cores.name for cores in gpu.tensor}
