"""Runs the work of `cases.py` with AccelForge, ZigZag and accelsim, and writes results.csv.

    python benchmarks/peers/run.py [--environments FOLDER] [--only CASE ...] [--ours] [--repeats N]

Every run is a process of its own that starts without caches. A mapping that a peer finds is also
evaluated by `accelsim evaluate`, and one that we find by none but us.
"""

import argparse
import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import yaml
from cases import CASES, HERE, Case, as_plain
from environments import PEERS, python_of
from translate import as_mapping

COLUMNS = (
    *("case", "tool", "version", "seconds_cold", "seconds_cpu", "seconds_of_search"),
    *("energy_pj", "latency_s", "under_model", "optimal", "candidates", "load", "remark"),
)
LIMIT_S = 1800
REPEAT_BELOW_S = 10
SOON_S = 0.05
SOON = f"accelsim in {SOON_S} s"
"""What it says of a search that is given so little time."""

ACCELSIM = str(Path(sys.executable).with_name("accelsim"))

Row = dict[str, Any]


def main() -> None:
    options = options_of(__doc__)
    pythons = {peer: python_of(peer, options.environments) for peer in PEERS}
    cases = [case for case in CASES if not options.only or case.name in options.only]
    rows = _kept([case.name for case in cases], options.ours)
    for case in cases:
        for row in _rows(case, pythons, options.repeats, options.ours):
            print({key: value for key, value in row.items() if value != ""}, flush=True)
            rows.append(row)
            _write(rows)


def options_of(about: str | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=about)
    folder = Path(tempfile.gettempdir()) / "accelsim-peers"
    parser.add_argument("--environments", type=Path, default=folder)
    parser.add_argument("--only", nargs="*", choices=[case.name for case in CASES])
    parser.add_argument("--ours", action="store_true", help="the peers' rows stay")
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args()


def _kept(renewed: Sequence[str], is_ours: bool) -> list[Row]:
    """The rows of other cases from an earlier run, and those of the peers if only ours are new."""
    if not (HERE / "results.csv").exists():
        return []
    with (HERE / "results.csv").open(newline="") as lines:
        return [
            row
            for row in csv.DictReader(lines)
            if row["case"] not in renewed or (is_ours and row["tool"] in PEERS)
        ]


def _write(rows: Sequence[Row]) -> None:
    cases, tools = [case.name for case in CASES], ["accelsim", SOON, *PEERS]
    order = {name: place for place, name in enumerate((*cases, *tools))}
    with (HERE / "results.csv").open("w", newline="") as lines:
        writer = csv.DictWriter(lines, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(rows, key=lambda row: (order[row["case"]], order[row["tool"]])))


def _rows(
    case: Case, pythons: Mapping[str, Path | None], repeats: int, is_ours: bool
) -> Iterator[Row]:
    answer, row = _ours(case, "accelsim", case.ours, repeats)
    yield row
    if not case.mapping:
        yield _ours(case, SOON, [*case.ours, "--seconds", str(SOON_S)], repeats)[1]
    for tool in case.tools:
        python = pythons[tool]
        if python is None:
            yield {"case": case.name, "tool": tool, "remark": "not installed"}
            continue
        if not is_ours:
            yield from _theirs(case, tool, [str(python), str(HERE / f"{tool}_side.py")], repeats)
        if not (case.mapping or case.own_example) and "mapping" in answer:
            yield from _ours_under_theirs(case, answer["mapping"], tool, str(python))


def _ours(
    case: Case, tool: str, arguments: Sequence[str], repeats: int
) -> tuple[dict[str, Any], Row]:
    answer, row = _timed([ACCELSIM, *arguments], None, repeats)
    row |= {"case": case.name, "tool": tool, "under_model": "accelsim"}
    row |= {"seconds_of_search": answer.get("seconds", ""), "remark": row["remark"] or _how(answer)}
    return answer, row | {key: answer[key] for key in COLUMNS if key in answer}


def _how(answer: dict[str, Any]) -> str:
    return f"{answer['strategy']}: {answer['space']}" if "strategy" in answer else ""


def _theirs(case: Case, tool: str, command: Sequence[str], repeats: int) -> Iterator[Row]:
    plain = json.dumps(as_plain(case, cores=os.cpu_count() or 1))
    answer, row = _timed(command, plain, repeats)
    row |= {"case": case.name, "tool": tool, "under_model": tool}
    yield row | {key: answer[key] for key in COLUMNS if key in answer}
    if answer.get("nests") and not case.mapping:
        yield _under_ours(case, answer["nests"], tool, row)


def _ours_under_theirs(case: Case, mapping: str, tool: str, python: str) -> Iterator[Row]:
    """Our mapping of one Einsum under the peer's model; ZigZag's loops divide their rank."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ours.yaml"
        path.write_text(mapping)
        plain = as_plain(replace(case, mapping=str(path)), cores=1)
    loops = [node for node in plain["nests"][0]["nodes"] if "rank" in node]
    covered = {
        rank: prod(n["factor"] for n in loops if n["rank"] == rank) for rank in plain["ranks"]
    }
    if len(plain["nests"]) > 1 or (tool == "zigzag" and covered != plain["ranks"]):
        return
    answer = answer_of([python, str(HERE / f"{tool}_side.py")], json.dumps(plain))
    row = {"case": case.name, "tool": "accelsim", "under_model": tool}
    yield row | {k: answer[k] for k in ("energy_pj", "latency_s", "remark") if k in answer}


def _under_ours(case: Case, nests: Sequence[dict[str, Any]], tool: str, theirs: Row) -> Row:
    """The peer's mapping under our model; check refuses one that does not fit."""
    plain = as_plain(case, cores=1)
    mapping = as_mapping(nests, case.workload.removesuffix(".yaml"), plain["ranks"])
    row = {"case": case.name, "tool": tool, "version": theirs["version"], "under_model": "accelsim"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "found.yaml"
        path.write_text(yaml.safe_dump(mapping, sort_keys=False))
        files = [case.path(case.workload), case.path(case.arch), str(path)]
        answer = answer_of([ACCELSIM, "evaluate", *files, "--json"], None)
    return row | {key: answer[key] for key in COLUMNS if key in answer}


def _timed(command: Sequence[str], given: str | None, repeats: int) -> tuple[dict[str, Any], Row]:
    """The answer of a cold process and the least of its times; only short runs are repeated."""
    seconds: list[float] = []
    of_cpu: list[float] = []
    answer: dict[str, Any] = {}
    load = os.getloadavg()[0]
    while not seconds or (len(seconds) < repeats and seconds[0] < REPEAT_BELOW_S):
        start, cpu = time.perf_counter(), _cpu_seconds()
        answer = answer_of(command, given)
        seconds.append(time.perf_counter() - start)
        of_cpu.append(_cpu_seconds() - cpu)
        if "remark" in answer:
            break
    row = {"seconds_cold": round(min(seconds), 3), "seconds_cpu": round(min(of_cpu), 3)}
    told = {"version": answer.get("version", ""), "remark": answer.get("remark", "")}
    return answer, row | {"load": round(load, 2)} | told


def _cpu_seconds() -> float:
    """Of all processes started so far that have ended, on all cores."""
    times = os.times()
    return times.children_user + times.children_system


def answer_of(command: Sequence[str], given: str | None) -> dict[str, Any]:
    """What the process prints as JSON, or a remark with the last line of its complaint."""
    with tempfile.TemporaryDirectory() as folder:
        caches = dict.fromkeys(("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "HOME"), folder)
        # An installed package has its byte code; a checkout has it from the second run on.
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
            env={**environment, **caches},
            start_new_session=True,
        ) as process:
            try:
                told, complaint = process.communicate(given, timeout=LIMIT_S)
            except subprocess.TimeoutExpired:
                # Its worker processes with it.
                os.killpg(process.pid, signal.SIGKILL)
                return {"remark": f"no answer in {LIMIT_S} s"}
    if process.returncode:
        return {"remark": (complaint.strip().splitlines() or ["failed"])[-1][:200]}
    answer: dict[str, Any] = json.loads(told)
    return answer


if __name__ == "__main__":
    main()
