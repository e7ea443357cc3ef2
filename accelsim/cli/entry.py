"""What the `accelsim` command starts with: Ctrl-C ends it in one word, even while it loads."""

import sys

INTERRUPTED = 130


def main() -> None:
    try:
        from accelsim.cli.main import main as run
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    run()
