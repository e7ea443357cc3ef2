"""How the `accelsim` command starts and ends: Ctrl-C is one word, even while it loads.

What costs a command more than it ever gives back is left out. Two things that libraries do as they
load, unless the environment asks for them: numpy's threads for products of matrices, of which there
are none, and pydantic's search of everything installed for plugins. The search for garbage, of
which a command that lives for a second leaves little. And taking apart, object by object, all that
was imported: it goes with the process, once everybody who asked to clean up has done so.
"""

import atexit
import gc
import os
import sys

INTERRUPTED = 130

LEFT_OUT = {"OPENBLAS_NUM_THREADS": "1", "PYDANTIC_DISABLE_PLUGINS": "1"}

SELDOM = (100_000, 50, 50)
"""Garbage is searched for after so many new objects; usual are 700, and imports make many more."""


def process() -> None:
    """`main` in a process of its own, which ends with it."""
    ended: list[int] = []
    # The first that is registered is the last that is called.
    atexit.register(_end, ended)
    try:
        main()
    except SystemExit as how:
        if how.code is None or isinstance(how.code, int):
            ended.append(how.code or 0)
        raise


def main() -> None:
    gc.set_threshold(*SELDOM)
    try:
        os.environ.update(LEFT_OUT | dict(os.environ))
        from accelsim.cli.main import main as run
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    run()


def _end(ended: list[int]) -> None:
    """At once; after an error that nobody foresaw, in Python's own way."""
    if ended:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended[0])
