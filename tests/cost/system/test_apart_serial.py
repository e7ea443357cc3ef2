"""Layers with attention on workers of their own, by hand."""

import pytest

from accelsim.arch.load import load_system, machines_of
from accelsim.arch.system import Offload
from accelsim.cost.system.apart import layer_of
from accelsim.cost.system.costs import costs_of
from accelsim.cost.system.effort import NONE
from accelsim.cost.system.plan import plan_of
from accelsim.workload.model_load import load_model

SEQUENCES, KEYS = 4, 4096


@pytest.fixture(scope="module")
def costs():
    """One layer of Llama 3 8B on a system that does one thing after another."""
    system = load_system("two_h200_serial")
    model = load_model("llama3_8b").model_copy(update={"layers": 1})
    return costs_of(plan_of(system, model, machines_of(system)))


def offloading(costs, **offload):
    plan = costs.plan
    system = plan.system.model_copy(update={"offload": Offload(**offload, batches=1)})
    return costs_of(plan_of(system, plan.model, plan.machines)).efforts


def test_queries_that_wait_are_projected_with_keys_and_values(costs):
    efforts = costs.efforts
    layer = layer_of(efforts, SEQUENCES, KEYS)
    assert (layer.early, layer.late) == (efforts.before(SEQUENCES), NONE)
    # One product reads the hidden states once and starts once: less than two of its parts.
    two = efforts.early(SEQUENCES) + efforts.late(SEQUENCES)
    assert layer.early.seconds < two.seconds


def test_attention_that_waits_for_the_new_key_is_one_call(costs):
    efforts = costs.efforts
    layer = layer_of(efforts, SEQUENCES, KEYS)
    assert (layer.old, layer.new) == (efforts.attention(SEQUENCES, KEYS), NONE)


def test_what_travels_early_is_made_and_attended_to_in_two(costs):
    efforts = offloading(costs, send_q_early=True, attend_while_kv_travels=True)
    layer = layer_of(efforts, SEQUENCES, KEYS)
    assert layer.early == efforts.early(SEQUENCES)
    assert layer.late == efforts.late(SEQUENCES)
    assert layer.old == efforts.attention(SEQUENCES, KEYS - 1)
    assert layer.new == efforts.attention(SEQUENCES, 1)


def test_one_thing_after_another_takes_the_sum_of_all(costs):
    layer = layer_of(costs.efforts, SEQUENCES, KEYS)
    # 396.8 GB/s, 2.56 us a message, 3.335 us of latency; keys and values follow the queries.
    query = 2.56e-6 + SEQUENCES * 32 * 128 * 2 / 396.8e9
    keys_values = 2.56e-6 + SEQUENCES * 2 * 8 * 128 * 2 / 396.8e9 + 3.335e-6
    result = query + 3.335e-6
    computed = layer.early.seconds + layer.old.seconds + layer.after.seconds
    offload = costs.plan.system.offload
    assert layer.way_s(offload) == pytest.approx(computed + query + keys_values + result, rel=1e-9)
