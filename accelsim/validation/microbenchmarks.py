"""Calls that measure one property of a GPU each; what calibrates a machine, never what judges it.

    pipe         one instruction over and over: its rate, its latency (`*_chain`), its energy
    launch       blocks that do nothing: launching them and waiting for their end
    stream_read  DRAM read once, with as many bytes under way as blocks and threads make
    gather       runs of a few bytes out of DRAM, at places of their own or one after the other
    fill         DRAM written once
    l2_read      a buffer that stays in the L2 cache, read by every block
    accumulate   every block adds to a buffer of floats, one atomic add a word
    chase        reads one after the other: latency of L2 and DRAM
    straight     long code without branches, gone through again and again: fetching instructions
    idle         nothing, for the power of a board at rest

The kernels are in `microbenchmarks.cu`, `straight.cu` and, for Hopper's warpgroups, `warpgroup.cu`;
torch compiles them (NVRTC) when they are called.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

from accelsim.base.record import Count, Positive
from accelsim.validation.torch_calls import Run
from accelsim.workload.calls import Call

LINE_BYTES = 128

INSTRUCTION_BYTES = 16

Instruction = Literal[
    "fma",
    "mul",
    "add",
    "maximum",
    "ex2",
    "shuffle",
    "convert",
    "integer",
    "mma",
    "mma_chain",
    "ex2_chain",
    "shuffle_chain",
    "fma_chain",
    "barrier",
    "phases",
    "shared_read",
    "load_matrix",
    "wgmma",
    "wgmma_registers",
    "wgmma_beside_ex2",
    "wgmma_beside_fma",
    "wgmma_beside_max",
    "wgmma_then_ex2",
]


class Pipe(Call):
    instruction: Instruction
    blocks: Count
    threads: Count
    repeats: Count


class Launch(Call):
    blocks: Count
    threads: Count


class StreamRead(Call):
    bytes: Count
    blocks: Count
    threads: Count


class Gather(Call):
    """`picked` bytes in runs of `run` bytes (16, 32, ...), `stride` runs apart in `bytes`."""

    bytes: Count
    picked: Count
    run: Count
    stride: Count
    blocks: Count
    threads: Count


class Fill(Call):
    bytes: Count


class L2Read(Call):
    bytes: Count
    repeats: Count
    blocks: Count
    threads: Count


class Accumulate(Call):
    bytes: Count
    repeats: Count
    blocks: Count
    threads: Count


class Chase(Call):
    bytes: Count
    hops: Count


class Straight(Call):
    bytes: Count
    repeats: Count
    blocks: Count
    threads: Count


class Idle(Call):
    seconds: Positive


MICROBENCHMARKS: Mapping[str, type[Call]] = {
    "pipe": Pipe,
    "launch": Launch,
    "stream_read": StreamRead,
    "gather": Gather,
    "fill": Fill,
    "l2_read": L2Read,
    "accumulate": Accumulate,
    "chase": Chase,
    "straight": Straight,
    "idle": Idle,
}


def prepared_microbenchmark(call: Call, device: str) -> Run:
    """As `torch_calls.prepared`; they need a CUDA device."""
    return _PREPARE[type(call)](call, device)


def _pipe(call: Pipe, device: str) -> Run:
    return _kernel_run(
        f"pipe_{call.instruction}", call.blocks, call.threads, (call.repeats,), device
    )


def _launch(call: Launch, device: str) -> Run:
    return _kernel_run("empty", call.blocks, call.threads, (1,), device)


def _kernel_run(name: str, blocks: int, threads: int, numbers: tuple[int, ...], device: str) -> Run:
    import torch

    kernel = _compiled(name)
    out = torch.zeros(1, device=device)
    return lambda: kernel((blocks, 1, 1), (threads, 1, 1), (out, *numbers))


def _stream_read(call: StreamRead, device: str) -> Run:
    import torch

    kernel = _compiled("stream_read")
    data, out = _noise(call.bytes, device), torch.zeros(1, device=device)
    grid, block = (call.blocks, 1, 1), (call.threads, 1, 1)
    return lambda: kernel(grid, block, (data, out, call.bytes // 16))


def _gather(call: Gather, device: str) -> Run:
    import torch

    kernel = _compiled("gather")
    data, out = _noise(call.bytes, device), torch.zeros(1, device=device)
    numbers = (call.run // 16, call.bytes // call.run, call.picked // call.run, call.stride)
    grid, block = (call.blocks, 1, 1), (call.threads, 1, 1)
    return lambda: kernel(grid, block, (data, out, *numbers))


def _fill(call: Fill, device: str) -> Run:
    data = _noise(call.bytes, device)
    return lambda: data.fill_(7)


def _l2_read(call: L2Read, device: str) -> Run:
    import torch

    kernel = _compiled("l2_read")
    data, out = _noise(call.bytes, device), torch.zeros(1, device=device)
    grid, block = (call.blocks, 1, 1), (call.threads, 1, 1)
    return lambda: kernel(grid, block, (data, out, call.bytes // 16, call.repeats))


def _accumulate(call: Accumulate, device: str) -> Run:
    import torch

    kernel = _compiled("accumulate")
    sums = torch.zeros(call.bytes // 4, device=device)
    grid, block = (call.blocks, 1, 1), (call.threads, 1, 1)
    return lambda: kernel(grid, block, (sums, call.bytes // 4, call.repeats))


def _chase(call: Chase, device: str) -> Run:
    import torch

    lines = call.bytes // LINE_BYTES
    # An odd step that shares no factor with a power of two visits every line once.
    step = int(lines * 0.618) | 1
    following = (torch.arange(lines, device=device, dtype=torch.int64) + step) % lines
    data = torch.zeros(lines, LINE_BYTES // 4, dtype=torch.int32, device=device)
    data[:, 0] = following.to(torch.int32)
    kernel, out = _compiled("chase"), torch.zeros(1, device=device)
    return lambda: kernel((1, 1, 1), (1, 1, 1), (data, out, call.hops))


def _straight(call: Straight, device: str) -> Run:
    import torch

    source = (files("accelsim.validation") / "straight.cu").read_text()
    size = f"#define INSTRUCTIONS {call.bytes // INSTRUCTION_BYTES}\n"
    kernel = torch.cuda._compile_kernel(size + source, "straight")
    grid, block = (call.blocks, 1, 1), (call.threads, 1, 1)
    out = torch.zeros(1, device=device)
    return lambda: kernel(grid, block, (out, call.repeats))


def _idle(call: Idle, device: str) -> Run:
    import time

    return lambda: time.sleep(call.seconds)


_PREPARE: Mapping[type[Call], Callable[[Any, str], Run]] = {
    Pipe: _pipe,
    Launch: _launch,
    StreamRead: _stream_read,
    Gather: _gather,
    Fill: _fill,
    L2Read: _l2_read,
    Accumulate: _accumulate,
    Chase: _chase,
    Straight: _straight,
    Idle: _idle,
}


def _noise(size: int, device: str) -> Any:
    import torch

    return torch.randint(0, 256, (size,), dtype=torch.uint8, device=device)


@lru_cache(maxsize=64)
def _compiled(name: str) -> Any:
    import torch

    of_warpgroups = name.startswith("pipe_wgmma")
    file = "warpgroup.cu" if of_warpgroups else "microbenchmarks.cu"
    source = (files("accelsim.validation") / file).read_text()
    return torch.cuda._compile_kernel(
        source, name, compute_capability="90a" if of_warpgroups else None
    )
