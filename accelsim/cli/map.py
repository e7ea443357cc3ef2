"""`accelsim map`: the best mapping of a workload on a machine, and how far from a bound it is."""

from collections.abc import Mapping as PlainMapping
from importlib import import_module
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from accelsim.arch.load import is_gpu
from accelsim.base.errors import MapperError
from accelsim.base.files import refuse_unwritable
from accelsim.cli.best_so_far import best_so_far
from accelsim.cli.found_text import as_plain, print_summary
from accelsim.cli.inputs import load_arch_and_cascade
from accelsim.cli.options import Json, MachineName, Settings, Shape, WorkloadName
from accelsim.cli.output import print_json
from accelsim.mapper.constraints import load_constraints
from accelsim.mapper.find import SHORT, STRATEGIES, find_mapping
from accelsim.mapper.found import Found
from accelsim.mapper.objective import objective, unit_of
from accelsim.mapper.question import Budget
from accelsim.mapping.binding import bind
from accelsim.mapping.render import render
from accelsim.mapping.save import save_mapping

if TYPE_CHECKING:
    from accelsim.mapper.stated.space import Space


def command(
    workload: WorkloadName,
    machine: MachineName,
    *,
    minimise: Annotated[
        str,
        typer.Option(
            help="latency, energy, area, traffic.MEMORY, products (energy*latency^2, energy_delay, "
            "area_delay); several with commas for their Pareto front."
        ),
    ] = "latency",
    out: Annotated[
        Path | None,
        typer.Option(metavar="MAPPING.yaml", help="Write it, or kernels; a front's into a folder."),
    ] = None,
    space: Annotated[
        str | None,
        typer.Option(
            metavar="SPACE", help="Only the points of this space: a shipped one or a file."
        ),
    ] = None,
    constraints: Annotated[
        Path | None,
        typer.Option(metavar="C.yaml", help="What every mapping keeps to, as above."),
    ] = None,
    strategy: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help=f"Only this one, repeatable: {', '.join(STRATEGIES)}."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Of annealing and sampling: another, another answer.")
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(min=0.001, help="How long it may search; the best by then is the answer."),
    ] = None,
    shape: Shape = None,
    settings: Settings,
    json: Json = False,
) -> None:
    """Search for the best mapping: tiles, loops, arrays, what is kept where, what is fused, when.

    The bound holds for every mapping there could be; "optimal" is said only of a space that was
    seen or bounded as a whole. Ctrl-C keeps the best so far (and ends with 130).

    Constraints bind every strategy and every space; if none finds a mapping, it is said which one
    is in the way. A file has any of: "capacity: {GlobalBuffer: 0.5}", the share that may be used;
    "traffic: {DRAM: 24 MB}", that a memory may move in all; "einsum_traffic: {QK: {DRAM: 9 MB}}"
    and "tensor_traffic: {K: {DRAM: 4 MB}}", of this for one; "loops: {QK: {array: Array2D,
    rows: {M: 256}, memories: {DRAM: {P: 4}}}}", that are fixed, those of a memory right inside it.

    On a GPU it searches kernels (tiles, warps, stages, splits, order of the blocks) and says what
    they gain over those of libraries.

    Examples: accelsim map attention/one_pass fusemax_cloud --shape bert --out mine.yaml,
    accelsim map attention/three_pass flat_cloud --space flat_dataflows --minimise traffic.DRAM,
    accelsim map attention/three_pass flat_cloud --strategy annealing --seed 1 --seconds 10,
    accelsim map attention/three_pass flat_cloud --constraints arch/constraints/shared_buffer.yaml
    """
    if out is not None:
        refuse_unwritable(out if "," in minimise else out.parent)
    within_s = inf if seconds is None else seconds
    if is_gpu(machine):
        kernels = "what is searched on a GPU are kernels, which it says nothing of"
        _refuse({"--space": space, "--strategy": strategy or None, "--seed": seed}, kernels)
        _refuse_constraints_on_gpu(constraints)
        # Only GPUs need what it imports.
        gpu = import_module("accelsim.cli.map_gpu")
        gpu.map_gpu(workload, machine, settings, shape, minimise, within_s, out, json)
        return
    cascade, arch = load_arch_and_cascade(workload, machine, settings, shape)
    names = [name.strip() for name in minimise.split(",")]
    units = [unit_of(objective(name, [each.name for each in arch.memories])) for name in names]
    if space is not None:
        whole = "all points of a space are scored, and no strategy is asked"
        _refuse({"--strategy": strategy or None, "--seed": seed}, whole)
    within = None if space is None else _loaded_space(space)
    limits = None if constraints is None else load_constraints(constraints)
    if len(names) > 1:
        usual = "a front asks the usual strategies"
        _refuse({"--strategy": strategy or None, "--seed": seed}, usual)
        fronts = import_module("accelsim.cli.map_front")
        front = fronts.found_front(cascade, arch, names, within, limits, within_s)
        fronts.print_front(front, names, units, out, json)
        _end_as_asked(front[0].found)
        return
    with best_so_far(f"map {cascade.name}", units[0]) as told:
        found = find_mapping(
            cascade,
            arch,
            minimise,
            strategies=strategy or None,
            budget=_budget(strategy, seed, seconds),
            space=within,
            constraints=limits,
            within_s=within_s,
            progress=told,
        )
    if out is not None:
        save_mapping(found.mapping, out)
    if json:
        print_json({"workload": cascade.name, "machine": machine, **as_plain(found)})
    else:
        print(render(bind(found.mapping, cascade, arch)))
        print_summary(f"{cascade.name} on {machine}", found)
    _end_as_asked(found)


def _end_as_asked(found: Found) -> None:
    """Who pressed Ctrl-C has the best so far, and the status of it."""
    if found.is_cut_short:
        raise KeyboardInterrupt


def _budget(strategy: list[str] | None, seed: int | None, seconds: float | None) -> Budget | None:
    """None for the usual one; named strategies take as many candidates as there is time for."""
    if strategy and seconds is not None:
        return Budget(seed or 0, inf, seconds)
    usual = Budget() if strategy else SHORT
    return None if seed is None else usual._replace(seed=seed)


def _refuse(given: PlainMapping[str, object], why: str) -> None:
    for option, value in given.items():
        if value is not None:
            raise MapperError(f"{option}: {why}", remedy=f"Leave {option} out")


def _refuse_constraints_on_gpu(file: Path | None) -> None:
    if file is not None:
        said = load_constraints(file).said or ("nothing",)
        fact = f"{', '.join(said)}: constraints are of loops and of the memories between them; on a"
        fact = f"{file}: {fact} GPU kernels are searched, to which none of them applies"
        raise MapperError(fact, remedy="Leave --constraints out")


def _loaded_space(name: str) -> "Space":
    # Only stated spaces need what it imports.
    space: Space = import_module("accelsim.mapper.stated.space").load_space(name)
    return space
