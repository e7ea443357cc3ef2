"""`accelsim whatif ... --target latency=2x` without --vary: which number reaches it."""

from accelsim.base.errors import InputError
from accelsim.cli.output import print_json, print_table
from accelsim.cli.progress import progress
from accelsim.cli.subjects import load_subject
from accelsim.cli.whatif_text import measure_text
from accelsim.study.reach import reached
from accelsim.study.subject import BOUND
from accelsim.study.targets import as_plain as as_plain_target


def refuse_without_vary(target: list[str], others: dict[str, object]) -> None:
    if not target:
        remedy = "Name a number with --vary, like --vary clock=0.5x:2x, or a --target"
        raise InputError("nothing is asked", remedy=remedy)
    for name, value in others.items():
        if value is not None:
            raise InputError(f"{name} is of what is varied", remedy="Name it with --vary")


def print_reached(
    first: str,
    second: str,
    mapping: str | None,
    settings: list[str],
    shape: str | None,
    target: list[str],
    json: bool,
) -> None:
    """Each number that could reach the target, by itself."""
    with progress(f"{first} on {second}", None) as step:
        subject = load_subject(first, second, mapping, settings, shape, lambda: step("points"))
        found = reached(subject, target)
    if json:
        of = {"of": found.of, "today": {**found.today, BOUND: found.bound}}
        solved = [as_plain_target(each) for each in found.solved]
        print_json({**of, "targets": solved, "note": found.note, "sentence": found.sentence})
        return
    now = ", ".join(measure_text(name, value) for name, value in found.today.items())
    print(f"{found.of}: {now} today\n")
    rows = [(each.target.text, each.text) for each in found.solved]
    print_table(("target", "which value gives it, all else as today"), rows)
    print(f"\n{found.note}" * bool(found.note))
    print(found.sentence)
