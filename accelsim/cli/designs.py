"""Names and settings of the command line → a design whose numbers can be varied.

Its mapping is the one that is named, or that the default is of, with all its alternatives; so what
is said of other sizes is what `accelsim evaluate` says there under this mapping.
"""

from collections.abc import Sequence

from accelsim.arch.load import is_gpu
from accelsim.base.errors import InputError
from accelsim.cli.cases import load_case, refuse_illegal
from accelsim.study.design import Design


def load_design(
    workload: str,
    machine: str,
    mapping: str | None,
    assignments: Sequence[str],
    shape: str | None = None,
) -> tuple[Design, str, str]:
    """With what it is, `attention/one_pass on fusemax_cloud under fusemax_binding`, and what its
    mapping is called.

    Raises InputError for a GPU, MappingError for a mapping that does not fit.
    """
    if is_gpu(machine):
        raise InputError(f"{machine} is a GPU, which has no mapping of loops")
    case = load_case(workload, machine, mapping, assignments, shape)
    refuse_illegal(case)
    told = f"{case.cascade.name} on {machine} under {case.mapping_name}"
    return Design(case.cascade, case.arch, case.named), told, case.mapping_name
