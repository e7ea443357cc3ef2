"""Which kernels a call launches: name, grid, block, registers, shared memory, time.

torch's profiler tells. A call may be several kernels: a product over split ranks is followed by the
sum of its parts.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from accelsim.validation.torch_calls import Run

LONGEST_NAME = 160
_KINDS = ("kernel", "gpu_memset", "gpu_memcpy")


def launches(run: Run) -> list[dict[str, Any]]:
    """One mapping a kernel, in the order of their starts; empty if the profiler cannot tell."""
    from torch import cuda
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CUDA]) as profiled:
        run()
        cuda.synchronize()
    with TemporaryDirectory() as folder:
        file = Path(folder) / "trace.json"
        profiled.export_chrome_trace(str(file))
        events = json.loads(file.read_text())["traceEvents"]
    found = [event for event in events if event.get("cat") in _KINDS]
    return [_launch(event) for event in sorted(found, key=lambda event: float(event["ts"]))]


def _launch(event: dict[str, Any]) -> dict[str, Any]:
    said = event["args"]
    return {
        "name": event["name"][:LONGEST_NAME],
        "grid": said.get("grid"),
        "block": said.get("block"),
        "registers": said.get("registers per thread"),
        "shared": said.get("shared memory"),
        "us": event["dur"],
    }
