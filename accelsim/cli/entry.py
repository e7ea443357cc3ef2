"""What the `accelsim` command starts with: Ctrl-C ends it in one word, even while it loads.

Two things that libraries do as they load cost a command more than they ever give back, and are left
out unless the environment asks for them: numpy's threads for products of matrices, of which there
are none, and pydantic's search of everything installed for plugins. So is a last look for garbage
among all that was imported: it goes with the process.
"""

import gc
import os
import sys

INTERRUPTED = 130

LEFT_OUT = {"OPENBLAS_NUM_THREADS": "1", "PYDANTIC_DISABLE_PLUGINS": "1"}


def main() -> None:
    try:
        os.environ.update(LEFT_OUT | dict(os.environ))
        from accelsim.cli.main import main as run
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    try:
        run()
    finally:
        gc.freeze()
