"""What fits into the memories of tensor-parallel devices: the largest batch at a context.

    memory x usable = weights + workspace + reserve + activations + caches      on every device

A cache is cut into pages of as many tokens; a sequence of L tokens wastes (page - 1) / 2 of its
last page on average, and with a window keeps no more tokens than it shows. The activations are
those of a step that gives every sequence a token, or of `step_tokens` if these are more (parts of
prompts in one step).
"""

from dataclasses import dataclass

from accelsim.base.errors import WorkloadError
from accelsim.base.units import format_bytes
from accelsim.workload.model import Model
from accelsim.workload.model_size import (
    activation_bytes_per_token,
    kv_bytes_per_token,
    logit_bytes_per_token,
    weight_bytes,
)

USABLE = 0.9
"""Share of a memory: vLLM's default gpu_memory_utilization."""

PAGE_TOKENS = 16
"""vLLM's default block_size."""

WORKSPACE_BYTES = 32 * 2**20
"""What cuBLAS takes on Hopper (cuBLAS documentation, cublasSetWorkspace)."""


@dataclass(frozen=True)
class Capacity:
    """Of one device, in bytes; `room_bytes` is what weights, workspace and reserve leave for
    activations and caches. `kept_bytes` is of a token in the cache, `step_bytes` of one in a step,
    `sampled_bytes` of one that is sampled from."""

    memory_bytes: float
    usable_bytes: float
    weight_bytes: int
    workspace_bytes: float
    reserve_bytes: float
    kept_bytes: int
    step_bytes: int
    sampled_bytes: int
    page_tokens: int
    step_tokens: int
    window: int | None

    @property
    def room_bytes(self) -> float:
        return self.usable_bytes - self.weight_bytes - self.workspace_bytes - self.reserve_bytes

    @property
    def tokens(self) -> int:
        """That caches hold beside the activations of `step_tokens`, in whole pages."""
        left = self.room_bytes - self.step_tokens * self.step_bytes
        return max(0, int(left // (self.kept_bytes * self.page_tokens))) * self.page_tokens

    def sequence_bytes(self, context: float) -> float:
        """Cache of a sequence of so many tokens, with the mean waste of its last page."""
        kept = min(context, self.window) if self.window else context
        return (kept + (self.page_tokens - 1) / 2) * self.kept_bytes

    def batch(self, context: float) -> int:
        """The most sequences of this mean length that fit; 0 if not one does."""
        each = self.sequence_bytes(context) + self.sampled_bytes
        stepping = int(self.room_bytes // (each + self.step_bytes))
        if stepping >= self.step_tokens:
            return max(0, stepping)
        return max(0, int((self.room_bytes - self.step_tokens * self.step_bytes) // each))


def capacity(
    model: Model,
    memory_bytes: float,
    tensor: int = 1,
    *,
    usable: float = USABLE,
    page_tokens: int = PAGE_TOKENS,
    step_tokens: int = 0,
    reserve_bytes: float = 0,
    workspace_bytes: float = WORKSPACE_BYTES,
) -> Capacity:
    """Of one of `tensor` devices with so much memory each; all hold the same sequences.

    Raises
    ------
    WorkloadError
        if the model does not divide, `usable` is no share, or the weights alone do not fit.
    """
    _refuse(usable=usable, page_tokens=page_tokens, step_tokens=step_tokens)
    found = Capacity(
        memory_bytes=memory_bytes,
        usable_bytes=memory_bytes * usable,
        weight_bytes=weight_bytes(model, tensor),
        workspace_bytes=workspace_bytes,
        reserve_bytes=reserve_bytes,
        kept_bytes=kv_bytes_per_token(model, tensor),
        step_bytes=activation_bytes_per_token(model, tensor),
        sampled_bytes=logit_bytes_per_token(model, tensor),
        page_tokens=page_tokens,
        step_tokens=step_tokens,
        window=model.window,
    )
    if found.room_bytes <= 0:
        raise _too_large(model, tensor, found)
    return found


def cache_capacity(
    model: Model,
    memory_bytes: float,
    tensor: int = 1,
    *,
    usable: float = USABLE,
    page_tokens: int = PAGE_TOKENS,
    reserve_bytes: float = 0,
) -> Capacity:
    """Of one of `tensor` devices that share the heads of attention and hold nothing but caches."""
    _refuse(usable=usable, page_tokens=page_tokens, step_tokens=0)
    return Capacity(
        memory_bytes=memory_bytes,
        usable_bytes=memory_bytes * usable,
        weight_bytes=0,
        workspace_bytes=0,
        reserve_bytes=reserve_bytes,
        kept_bytes=kv_bytes_per_token(model, tensor),
        step_bytes=0,
        sampled_bytes=0,
        page_tokens=page_tokens,
        step_tokens=0,
        window=model.window,
    )


def _refuse(usable: float, page_tokens: int, step_tokens: int) -> None:
    if not 0 < usable <= 1:
        raise WorkloadError(f"usable: {usable:g} is no share", remedy="Give more than 0, at most 1")
    if page_tokens < 1 or step_tokens < 0:
        wrong = f"page_tokens: {page_tokens}" if page_tokens < 1 else f"step_tokens: {step_tokens}"
        raise WorkloadError(f"{wrong} is no number of tokens", remedy="Give 1 or more")


def _too_large(model: Model, tensor: int, found: Capacity) -> WorkloadError:
    needed = found.weight_bytes + found.workspace_bytes + found.reserve_bytes
    where = f"each of {tensor} devices" if tensor > 1 else "a device"
    fact = (
        f"{model.name or 'the model'} needs {format_bytes(needed)} on {where} before any cache, "
        f"of which {format_bytes(found.usable_bytes)} can be used"
    )
    return WorkloadError(fact, remedy="Take more devices, larger ones, or fewer bits a weight")
