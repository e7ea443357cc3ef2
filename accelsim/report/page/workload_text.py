"""A workload's YAML with the sizes that the page has: `accelsim evaluate FILE MACHINE` takes it.

Of a whole model it is the model's, as it is shipped. The commands are what a link says, as a file.
"""

import shlex

from accelsim.base.catalogue import find
from accelsim.base.setting import with_settings
from accelsim.base.yamlfile import read_yaml, yaml_text
from accelsim.report.page.answer import Answer, Refused
from accelsim.report.page.choices import MODEL
from accelsim.report.page.question import WorkloadQuestion, loaded, workload_question
from accelsim.report.page.state import State
from accelsim.workload.forms import chosen, split_name
from accelsim.workload.load import Workload


def workload_yaml(state: State) -> str:
    """Raises
    ------
    InputError
        if the workload does not take the sizes of the state.
    """
    if state.is_served:
        return find(state.model or MODEL, "models").read_text(encoding="utf-8")
    work = workload_question(state)
    name, choices = split_name(work.name)
    node, _ = chosen(read_yaml(find(name, "workloads")), choices)
    return yaml_text(with_settings(node, Workload, _sizes(work)).to_plain())


def _sizes(work: WorkloadQuestion) -> dict[str, str]:
    """What was set, and the ranks of a shape."""
    shape = loaded(work).declared if work.shape is not None else {}
    return {f"ranks.{rank}": str(size) for rank, size in shape.items()} | dict(work.settings)


def commands(found: Answer, tiles: tuple[str, ...] = ()) -> str:
    """A script of the commands that print what the page shows: evaluate and explain, a machine
    after the other; those that play tiles last."""
    lines = ["#!/bin/sh", f"# {found.title}"]
    for side in found.sides:
        program, _, *words = shlex.split(side.command)
        lines.append(side.command)
        if not isinstance(side, Refused):
            lines.append(shlex.join([program, "explain", *words]))
    return "\n".join([*lines, *tiles]) + "\n"
