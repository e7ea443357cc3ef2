"""A number that is moved is asked as if everything were found anew, to the last bit."""

import numpy as np
import pytest

from accelsim.arch.load_system import load_system, machines_of
from accelsim.cost.system.buckets import Exact
from accelsim.cost.system.costs import costs_of
from accelsim.cost.system.energy import iteration_j
from accelsim.cost.system.plan import plan_of
from accelsim.study.decoding_subject import decoding_subject
from accelsim.study.explained_decoding import batch_of
from accelsim.workload.model_load import load_model

MODEL, BATCH = "llama3_8b", {"sequences": 5, "context": 3000}
MOVES = {
    "eight_h100": [
        ("links.nvlink.bandwidth", 1e10),
        ("links.nvlink.latency", 2e-5),
        ("serving.overhead", 1e-3),
        ("parallel.tensor", 2),
        ("devices.H100.count", 16),
        ("devices.H100.price", 3.0),
        ("H100.sms", 100),
        ("H100.power.limit", 300.0),
        ("H100.memories.HBM.bandwidth", 1e12),
        ("layers", 10),
        ("sequences", 17),
        ("context", 129),
    ],
    "h100_attacc": [
        ("links.nvlink.bandwidth", 1e10),
        ("H100.clock", 1e9),
        ("AttAcc.clock", 2e8),
        ("offload.batches", 1),
    ],
}


def reader(settings):
    return load_model(MODEL, settings)


def anew(system, path, text):
    own = {} if path in ("layers", *BATCH) else {path: text}
    loaded = load_system(system, own)
    model = reader({"layers": text} if path == "layers" else {})
    plan = plan_of(loaded, model, machines_of(loaded))
    sizes = {**BATCH, **({path: int(text)} if path in BATCH else {})}
    batch = batch_of(plan, sizes["sequences"], sizes["context"])
    now = costs_of(plan, Exact())(batch)
    return now.seconds, iteration_j(plan, now) / batch.sequences * 1e12


@pytest.mark.parametrize("system", MOVES)
def test_moves_one_after_the_other_are_what_is_found_anew(system):
    subject = decoding_subject(MODEL, system, reader, batch=BATCH)
    known = subject.known()
    for path, value in MOVES[system]:
        found = subject.answers({path: np.array([value])})
        assert not found["error"][0], found["error"][0]
        unit = known[path].unit
        expected = anew(system, path, f"{value!r} {unit}" if unit else repr(value))
        assert found["latency_s"][0] == expected[0], path
        if "energy_per_token_pj" in subject.measures:
            assert found["energy_per_token_pj"][0] == expected[1], path
