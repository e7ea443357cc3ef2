"""The strategy that asks nobody: the mapping made by rules, as a first answer to be beaten."""

from accelsim.mapper.at_hand import best_of
from accelsim.mapper.found import Found
from accelsim.mapper.question import Question
from accelsim.mapping.automatic import automatic_mapping


def find(question: Question) -> Found | None:
    """One Einsum after the other; None if a memory is too small even for that, or a constraint is
    broken."""
    made = automatic_mapping(question.cascade, question.arch)
    space = "the one mapping that the rules of `mapping.automatic` make"
    return best_of([made], question, "rules", space)
