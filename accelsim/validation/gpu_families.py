"""Families of calls that validation reports apart, and how steady a measurement must be."""

from accelsim.workload.calls import Bmm, Call, Copy, Gemm, RmsNorm, Sdpa, SdpaBackward, Softmax

MOST_DECODED = 8
"""Queries of a call that still counts as decoding."""

STEADY = 1.2
"""A row whose median is above this many times its least is left out, and listed."""

FAMILIES = (
    "copy",
    "GEMM",
    "batched GEMM",
    "row-wise",
    "flash prefill",
    "cudnn prefill",
    "cross attention",
    "flash decode",
    "cudnn decode",
)
"""Those that count together; what else `family_of` names is reported apart."""

_PLAIN = {
    Copy: "copy",
    Gemm: "GEMM",
    Bmm: "batched GEMM",
    Softmax: "row-wise",
    RmsNorm: "row-wise",
}


def family_of(call: Call) -> str:
    """The family of a call: `flash decode` is few queries over many keys."""
    if not isinstance(call, Sdpa):
        return _PLAIN[type(call)]
    if isinstance(call, SdpaBackward):
        return f"{call.backend} backward"
    if call.backend not in ("flash", "cudnn"):
        return call.backend
    if call.window or call.lengths or call.page:
        return "windows" if call.window else "lengths" if call.lengths else "pages"
    if call.p <= MOST_DECODED < call.m:
        return f"{call.backend} decode"
    return f"{call.backend} prefill" if call.p == call.m else "cross attention"
