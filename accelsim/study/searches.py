"""What is searched for at each point of a what-if, by what is asked of."""

from accelsim.base.errors import StudyError
from accelsim.study.anew import Search
from accelsim.study.subject import ArraySubject, Subject


def search_of(subject: Subject, minimise: str) -> Search:
    """Raises a StudyError if there is nothing to find, a MapperError for no such objective."""
    # Each takes a while to load.
    if isinstance(subject, ArraySubject):
        from accelsim.study.anew_mapping import mapping_search

        return mapping_search(subject.design, minimise)
    from accelsim.study.pointwise import Pointwise

    if not isinstance(subject, Pointwise) or subject.case is None:
        remedy = "Leave it out; a workload has a mapping, or kernels, to find"
        raise StudyError(f"{subject.of}: there is nothing to find anew", remedy=remedy)
    from accelsim.study.anew_kernels import kernel_search

    return kernel_search(subject.case, subject.numbers, minimise)
