"""The error of an Einsum that means nothing: its line, its name, what is wrong, what to do."""

from typing import NoReturn

from accelsim.base.errors import WorkloadError
from accelsim.workload.einsum import Einsum


def refuse(einsum: Einsum, fact: str, remedy: str | None = None) -> NoReturn:
    raise WorkloadError(f"Einsum {einsum.name}: {fact}", at=einsum.place, remedy=remedy)
