"""`accelsim validate`: predictions held against measurements; a command below it for each kind."""

import typer

from accelsim.base.errors import InputError


def command(called: typer.Context) -> None:
    """Predictions beside measurements: errors, and whether the targets are met.

    `gpu` is of calls of kernels, `offload` of decoding layers on one GPU and over two, `published`
    of numbers that others published.

    Example: accelsim validate gpu --device h100_sxm
    """
    if called.invoked_subcommand is None:
        raise InputError("nothing to validate is named", remedy="Say gpu, offload or published")
