"""What no kernels of a cascade on a GPU can be better than: its roofline.

    latency >= launch + max(FLOP of products / peak of the tensor cores that multiply such words,
                            exponents / rate of the special-function units,
                            inputs and results once / bandwidth of device memory)
    energy  >= these FLOP and exponents at the lowest voltage, these bytes,
               and the board's constant power during that latency

All at the highest clock; a product that no tensor core multiplies counts as nothing. Products
and exponents of running values, of which a mapping decides how many there are, are left out.
"""

from collections.abc import Mapping

from accelsim.arch.gpu import Dtype, Gpu, rate_per_s
from accelsim.arch.gpu_operations import word_of
from accelsim.mapper.bound import in_one_tile
from accelsim.mapper.objective import Figures
from accelsim.mapping.fused_kernel import is_product
from accelsim.workload.counts import counts
from accelsim.workload.einsum import Cascade, Einsum
from accelsim.workload.extent import iteration_points


def least_gpu_figures(cascade: Cascade, gpu: Gpu) -> Figures:
    """Bounds of latency and energy; a GPU's area is not given."""
    cascade = in_one_tile(cascade)
    flop, exponents = _flop_by_word(cascade, gpu), _exponents(cascade)
    found = counts(cascade)
    moved = float(found.read_bytes + found.written_bytes)
    a_second = gpu.sms * float(gpu.clock_hz)
    latency_s = float(gpu.launch.floor_s) + max(
        sum(count / (_peak(gpu, word) * a_second) for word, count in flop.items()),
        exponents / (float(gpu.pipe("exp").lanes) * a_second),
        moved / rate_per_s(gpu.hbm.bandwidth, gpu),
    )
    return Figures(latency_s, _energy_pj(gpu, flop, exponents, moved, latency_s), 0.0)


def _flop_by_word(cascade: Cascade, gpu: Gpu) -> dict[Dtype, float]:
    found: dict[Dtype, float] = {}
    for einsum in cascade.einsums:
        if is_product(einsum):
            word = word_of(
                gpu, max(float(cascade.tensors[each.tensor].word_bytes) for each in einsum.reads)
            )
            if _peak(gpu, word):
                points = float(iteration_points(cascade, einsum.name))
                found[word] = found.get(word, 0.0) + 2 * points * einsum.operations["mac"]
    return found


def _exponents(cascade: Cascade) -> float:
    return sum(
        float(iteration_points(cascade, einsum.name)) * einsum.operations.get("exp", 0)
        for einsum in cascade.einsums
        if not _is_of_steps(cascade, einsum)
    )


def _is_of_steps(cascade: Cascade, einsum: Einsum) -> bool:
    """Whether it corrects running values: once a tile, of which the mapping decides how many."""
    inner = {parts[-1] for parts in cascade.partitions.values()}
    outer = {part for parts in cascade.partitions.values() for part in parts[:-1]}
    return bool(outer & set(einsum.ranks)) and not inner & set(einsum.ranks)


def _peak(gpu: Gpu, word: Dtype) -> float:
    """FLOP a cycle of an SM."""
    return max((float(cores.flop.get(word, 0.0)) for cores in gpu.tensor), default=0.0)


def _energy_pj(
    gpu: Gpu, flop: Mapping[Dtype, float], exponents: float, moved: float, latency_s: float
) -> float:
    power, least = gpu.power, float(gpu.power.voltage_floor) ** 2
    products = sum(
        count * min(power.energy_pj(f"{c.name}_{word}") for c in gpu.tensor if word in c.flop)
        for word, count in flop.items()
    )
    board = float(power.constant_w) * latency_s * 1e12
    computing = (products + exponents * power.energy_pj("exp")) * least
    return computing + moved * power.energy_pj("HBM") + board
