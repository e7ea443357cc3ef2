"""The door: `accelsim COMMAND ...`.

Every command is a module of this folder with a function `command`; only the one that is called is
imported, so `accelsim --help` costs no library. What can go wrong for the user ends in one line on
stderr and an exit status:

    0 fine   1 a result that fails   2 bad input   130 Ctrl-C
"""

import functools
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Annotated, Any

import typer

from accelsim.base.errors import AccelsimError

BAD_INPUT = 2
INTERRUPTED = 130
BROKEN_PIPE = 141

COMMANDS = {
    "list": "What is shipped: workloads, machines, systems, studies, ...",
    "schema": "JSON Schemas of the YAML files: editors complete keys and mark mistakes.",
    "import": "A file of another tool as one of ours, such as an architecture of Timeloop.",
    "export": "What we have in the format of another tool, such as a mapping for Timeloop.",
    "check": "Read a YAML file of any kind and say what is wrong with it.",
    "show": "A workload, a machine, a system, or a mapping, as text.",
    "zoo": "The attention mechanisms of the catalogue: passes, operations, bytes, growth.",
    "passes": "How often each rank of a workload must be traversed, and why.",
    "optimise": "An equal workload that traverses a rank less often, tried on numbers.",
    "interpret": "Run a workload on arrays and write the results.",
    "evaluate": "Latency, energy, area, traffic and utilization of a workload on a machine.",
    "map": "Find the best mapping of a workload on a machine, and how far from a bound it is.",
    "simulate": "Serve requests on a system, or play a workload on a machine tile by tile.",
    "compare": "The same requests on several systems, side by side.",
    "explain": "Why a run takes as long as it does: bound, runner-up, formulas, what would help.",
    "explore": "A local page on which a workload and machines are moved, and what follows.",
    "whatif": "What changes where a number of a machine or a workload is another one.",
    "roofline": "Kernels under the ceilings of a GPU, predicted and measured.",
    "predict": "How long calls of kernels take on a GPU, how many joules, and bound by what.",
    "validate": "Predictions held against measurements of GPUs, and of two of them.",
    "measure": "How long kernels take on the device at hand, through torch.",
    "model": "How large a transformer is, and how many sequences of it a machine holds.",
    "sweep": "Evaluate all points of a study, however many; goes on where it was stopped.",
    "study": "Run a study: its tables, figures, and how they compare with what was published.",
    "diff": "What changed between two results, and why.",
    "sensitivity": "By how many percent results change where a parameter changes by one.",
    "crossover": "Where the bound changes along one number of a machine or a workload.",
    "buffer": "Traffic as a buffer shrinks, and the least that its passes allow.",
    "plot": "Draw a table of results: roofline, energy, buffer, gantt, tornado, ...",
    "convert": "A table of results as Parquet, CSV or JSON.",
    "pareto": "The rows of a table that no other row beats.",
    "report": "Results as one HTML file to hand on: figures, tables, inputs, accuracy.",
}

#: Commands whose module cannot have their name.
MODULES = {"import": "importing"}

#: Commands below a command: `accelsim zoo compare` is `zoo_compare.py`.
GROUPS = {"zoo": ("compare",), "validate": ("gpu", "offload", "published")}


def main(arguments: Sequence[str] | None = None) -> None:
    # `accelsim ... >&-`: without this, the first file that is written would be standard output.
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    words = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    with exit_statuses():
        application(words[0])(words, prog_name="accelsim")


def application(called: str) -> typer.Typer:
    """The command that is called; all others by name and summary, if it is none of them."""
    app = typer.Typer(
        help="A workload runs on an arch under a mapping; accelsim says what that takes.",
        epilog="Example: accelsim evaluate attention/one_pass fusemax_cloud --set ranks.P=4096",
        rich_markup_mode=None,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_global_options)
    offered = {called: COMMANDS[called]} if called in COMMANDS else COMMANDS
    for name, summary in offered.items():
        if name == called and name in GROUPS:
            app.add_typer(_group(name), name=name, short_help=summary)
        else:
            function = _loaded(name) if name == called else _not_loaded
            app.command(name, short_help=summary)(function)
    return app


def _group(name: str) -> typer.Typer:
    """A command that does something by itself, and others below it."""
    group = typer.Typer(invoke_without_command=True, rich_markup_mode=None, add_completion=False)
    group.callback()(_loaded(name))
    for below in GROUPS[name]:
        group.command(below)(_loaded(f"{name}_{below}"))
    return group


@contextmanager
def exit_statuses() -> Iterator[None]:
    """Turns what went wrong into a line and a status."""
    lost: list[type[BaseException]] = []
    sys.unraisablehook = lambda found: _note_lost(found, lost)
    try:
        yield
        sys.stdout.flush()
        if KeyboardInterrupt in lost:
            raise KeyboardInterrupt
    except AccelsimError as error:
        print(error, file=sys.stderr)
        sys.exit(BAD_INPUT)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        _print_nothing_more()
        sys.exit(BROKEN_PIPE)
    except OSError as error:
        if error.filename is not None:
            raise
        _print_nothing_more()
        print(f"standard output cannot be written: {error.strerror}", file=sys.stderr)
        sys.exit(BAD_INPUT)


def _note_lost(found: "sys.UnraisableHookArgs", lost: list[type[BaseException]]) -> None:
    """Ctrl-C in the middle of a finalizer is raised nowhere; it still ends the run with 130."""
    lost.append(found.exc_type)
    if found.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(found)


def _print_nothing_more() -> None:
    """Python flushes once more on its way out, and would complain about the same pipe or disk."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _loaded(name: str) -> Callable[..., Any]:
    """The command of that name, ending in its own exit status before typer sees an exception."""
    command: Callable[..., Any] = import_module(f"accelsim.cli.{MODULES.get(name, name)}").command

    @functools.wraps(command)
    def guarded(*values: Any, **options: Any) -> None:
        with exit_statuses():
            command(*values, **options)

    return guarded


def _not_loaded() -> None:
    raise AssertionError("a command that was not called has run")


def _print_version(wanted: bool) -> None:
    if wanted:
        print(import_module("importlib.metadata").version("accelsim"))
        raise typer.Exit


def _global_options(
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print it and end."),
    ] = False,
) -> None:
    pass


if __name__ == "__main__":
    main()
