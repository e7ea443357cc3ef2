"""What a step of a transformer does: sequences that each gain a token, or parts of prompts."""

from dataclasses import dataclass

from accelsim.base.errors import WorkloadError


@dataclass(frozen=True)
class Decode:
    """`tokens` sequences, one new token each, which sees `context` tokens on average, itself
    included."""

    tokens: int
    context: int

    def __post_init__(self) -> None:
        _refuse_less_than_one("a decode", tokens=self.tokens, context=self.context)

    @property
    def parts(self) -> "tuple[Decode | Prefill, ...]":
        return (self,)


@dataclass(frozen=True)
class Prefill:
    """`tokens` new tokens of each of `sequences` prompts; the last one sees `context` tokens, the
    new ones included. `Prefill(n, n)` is a whole prompt, more context a later chunk of one."""

    tokens: int
    context: int
    sequences: int = 1

    def __post_init__(self) -> None:
        sizes = {"tokens": self.tokens, "context": self.context, "sequences": self.sequences}
        _refuse_less_than_one("a prefill", **sizes)
        if self.context < self.tokens:
            fact = f"a prefill of {self.tokens} tokens has a context of {self.context}"
            raise WorkloadError(fact, remedy="The new tokens belong to the context")

    @property
    def parts(self) -> "tuple[Decode | Prefill, ...]":
        return (self,)

    @property
    def earlier(self) -> int:
        """Tokens of the context that came before."""
        return self.context - self.tokens


@dataclass(frozen=True)
class Batch:
    """Several of them in one step; products are of all tokens together, attention is of each."""

    parts: tuple[Decode | Prefill, ...]

    def __post_init__(self) -> None:
        _refuse_less_than_one("a batch", parts=len(self.parts))


Phase = Decode | Prefill | Batch


def new_tokens(phase: Phase) -> int:
    """Of all sequences."""
    return sum(
        part.tokens * part.sequences if isinstance(part, Prefill) else part.tokens
        for part in phase.parts
    )


def _refuse_less_than_one(what: str, **sizes: int) -> None:
    for name, size in sizes.items():
        if size < 1:
            raise WorkloadError(f"{what} of {size} {name} is no work", remedy="Give 1 or more")
