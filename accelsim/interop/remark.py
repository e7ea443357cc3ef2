"""What a reader of another tool's file did not understand, or changed: the place and a sentence."""

from dataclasses import dataclass

from accelsim.base.errors import Place


@dataclass(frozen=True)
class Remark:
    at: Place
    text: str

    def __str__(self) -> str:
        return f"{self.at}: {self.text}"
