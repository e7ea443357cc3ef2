"""The strategy that looks at what is shipped: mappings written by hand for this workload, whatever
machine they were written for. No search answers worse than what `evaluate` takes by itself."""

from collections.abc import Iterator

from accelsim.base.errors import AccelsimError
from accelsim.mapper.at_hand import best_of
from accelsim.mapper.found import Found
from accelsim.mapper.question import Question
from accelsim.mapping.binding import bind
from accelsim.mapping.load import all_shipped_for, select
from accelsim.mapping.mapping import Mapping


def find(question: Question) -> Found | None:
    """None if none is for this workload, or legal here, or keeps to the constraints."""
    offered = dict(_offered(question))
    space = f"the shipped mappings for this workload: {', '.join(offered)}"
    return best_of(list(offered.values()), question, "shipped", space)


def _offered(question: Question) -> Iterator[tuple[str, Mapping]]:
    for name, mapping in all_shipped_for(question.cascade):
        try:
            chosen = select(mapping, question.cascade, question.arch)
            bind(chosen, question.cascade, question.arch)
        except AccelsimError:
            # It names a part that this machine lacks, or none of its conditions holds.
            continue
        yield name, chosen
