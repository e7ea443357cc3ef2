"""Measured layers and messages beside predicted ones: errors, and whether attention apart pays.

    error    = predicted / measured - 1
    extra    = apart - one, of the same model, batch and context: what offloading costs a layer

Rows with an error, and unsteady ones (`gpu_families.STEADY`), are left out and listed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from accelsim.validation.gpu_compare import Statistics, statistics_of
from accelsim.validation.offload.cases import DecodeLayer
from accelsim.validation.offload.measured import MeasuredRow
from accelsim.validation.offload.predicted import PredictedLayer, Predictor

TARGET = 0.15
"""Mean absolute error of layers at each place, at most: what was asked for."""

PLACES = ("one", "apart")

CALIBRATING_BYTES = (2**10, 2**30)
"""Copies of these sizes gave the link its constants, so they judge nothing."""

_PARTS: Mapping[str, tuple[str, ...]] = {
    "model": ("before_ms", "after_ms"),
    "attention": ("attention_ms",),
    "transfers": ("query_ms", "keys_values_ms", "result_ms"),
}


@dataclass(frozen=True)
class ComparedLayer:
    """A steady row of a layer with its prediction; times in ms."""

    call: DecodeLayer
    params: str
    measured_ms: float
    measured_parts: Mapping[str, float]
    predicted: PredictedLayer

    @property
    def predicted_ms(self) -> float:
        return self.predicted.seconds * 1e3

    @property
    def error(self) -> float:
        return self.predicted_ms / self.measured_ms - 1

    def part_errors(self) -> dict[str, float]:
        """Of each part, measured by itself; of those that the row has."""
        ours = {
            "model": self.predicted.model_s,
            "attention": self.predicted.attention_s,
            "transfers": self.predicted.transfers_s,
        }
        return {
            name: ours[name] * 1e3 / sum(self.measured_parts[each] for each in its) - 1
            for name, its in _PARTS.items()
            if all(each in self.measured_parts for each in its)
        }


class Extra(NamedTuple):
    """What a layer takes apart beyond what it takes on one device, in ms."""

    model: str
    b: int
    m: int
    one_ms: float
    measured_ms: float
    predicted_ms: float


class ComparedMessage(NamedTuple):
    """A copy or message of so many bytes, by the name that its time has in the row."""

    kernel: str
    bytes: int
    way: str
    measured_ms: float
    predicted_ms: float

    @property
    def error(self) -> float:
        return self.predicted_ms / self.measured_ms - 1


def compared_layers(rows: Iterable[MeasuredRow], predictor: Predictor) -> list[ComparedLayer]:
    """The steady layers of a file, each with its prediction."""
    return [
        ComparedLayer(row.call, row.params, row.ms, row.parts, predictor.layer(row.call))
        for row in rows
        if isinstance(row.call, DecodeLayer) and row.is_steady and row.ms is not None
    ]


def compared_messages(rows: Iterable[MeasuredRow], predictor: Predictor) -> list[ComparedMessage]:
    """What a file has of the link, without the copies that calibrate it."""
    found = []
    for row in rows:
        size = getattr(row.call, "bytes", None)
        calibrates = row.kernel == "peer_copy" and size in CALIBRATING_BYTES
        if size is None or row.ms is None or calibrates:
            continue
        for way, seconds in predictor.link(row.kernel, size).items():
            if way in row.parts:
                each = ComparedMessage(row.kernel, size, way, row.parts[way], seconds * 1e3)
                found.append(each)
    return found


def left_out(rows: Iterable[MeasuredRow]) -> list[MeasuredRow]:
    """Layers that judge nothing: those that failed, and unsteady ones."""
    return [row for row in rows if row.is_layer and not row.is_steady]


def by_place(layers: Sequence[ComparedLayer]) -> list[Statistics]:
    """Errors of whole layers: of each place, and of each model there."""
    chosen = {
        **{place: _is_at(place) for place in PLACES},
        **{f"{p}, {m}": _is_at(p, m) for p in PLACES for m in _models(layers)},
    }
    return _statistics(
        {name: [each.error for each in layers if is_in(each)] for name, is_in in chosen.items()}
    )


def by_part(layers: Sequence[ComparedLayer]) -> list[Statistics]:
    """Errors of the parts of layers, each against the part by itself."""
    return _statistics(
        {
            f"{part}, {place}": [
                each.part_errors()[part]
                for each in layers
                if each.call.place == place and part in each.part_errors()
            ]
            for part in _PARTS
            for place in PLACES
        }
    )


def by_way(messages: Sequence[ComparedMessage]) -> list[Statistics]:
    """Errors of copies and messages, by kernel and by how they follow one another."""
    names = dict.fromkeys((each.kernel, each.way) for each in messages)
    return _statistics(
        {
            f"{kernel}, {way.removesuffix('_ms')}": [
                each.error for each in messages if (each.kernel, each.way) == (kernel, way)
            ]
            for kernel, way in names
        }
    )


def extras(layers: Sequence[ComparedLayer]) -> list[Extra]:
    """Of each case that there is on one device and over two, in the order of the rows."""
    there = {(_case(each.call), each.call.place): each for each in layers}
    return [
        Extra(
            *case[:3],
            one_ms=there[case, "one"].measured_ms,
            measured_ms=there[case, "apart"].measured_ms - there[case, "one"].measured_ms,
            predicted_ms=there[case, "apart"].predicted_ms - there[case, "one"].predicted_ms,
        )
        for case in dict.fromkeys(case for case, _ in there)
        if (case, "one") in there and (case, "apart") in there
    ]


def worst(layers: Sequence[ComparedLayer], most: int = 10) -> list[ComparedLayer]:
    """Those furthest off."""
    return sorted(layers, key=lambda each: -abs(each.error))[:most]


def missed(statistics: Sequence[Statistics]) -> list[Statistics]:
    """The places whose mean error is above the target."""
    return [each for each in statistics if each.family in PLACES and each.mean > TARGET]


def _case(call: DecodeLayer) -> tuple[str, int, int, str]:
    return call.model, call.b, call.m, call.backend


def _models(layers: Sequence[ComparedLayer]) -> list[str]:
    return list(dict.fromkeys(each.call.model for each in layers))


def _is_at(place: str, model: str = "") -> Callable[[ComparedLayer], bool]:
    return lambda each: each.call.place == place and model in ("", each.call.model)


def _statistics(errors: Mapping[str, Sequence[float]]) -> list[Statistics]:
    return [statistics_of(name, found) for name, found in errors.items() if found]
