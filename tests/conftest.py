"""Random cases are the same in every run; `--hypothesis-profile=new` draws new ones.

Tests press Ctrl-C, which a shell lets what it runs in the background ignore, and what that runs.
"""

import signal

from hypothesis import settings

settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("new", deadline=None)
settings.load_profile("same")

signal.signal(signal.SIGINT, signal.default_int_handler)
