"""Layers with attention on workers of their own, by hand."""

import pytest

from accelsim.arch.load_system import load_system, machines_of
from accelsim.arch.system import Offload
from accelsim.cost.system.apart import iteration_apart, layer_of
from accelsim.cost.system.costs import costs_of
from accelsim.cost.system.effort import NONE, effort
from accelsim.cost.system.iteration import Batch
from accelsim.cost.system.plan import plan_of
from accelsim.workload.calls import Sdpa
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


# --- latent attention -----------------------------------------------------------------------------


def latent_costs(split):
    """DeepSeek-V2-Lite on Lamina's larger system: 16 heads, latents of 576 numbers, four H20s."""
    system = load_system("lamina_2h100_4h20", {"offload.split": split})
    return costs_of(plan_of(system, load_model("deepseek_v2_lite"), machines_of(system)))


def test_workers_share_the_latents_of_every_sequence():
    costs = latent_costs("sequence")
    layer = layer_of(costs.efforts, SEQUENCES, KEYS)
    query, latent, result = 16 * 576 * 2, 576 * 2, 16 * 512 * 2
    # Queries go to all workers, a latent to one of them, and every worker has results.
    assert layer.q.bytes == 4 * SEQUENCES * query
    assert layer.kv.bytes == SEQUENCES * latent
    assert layer.result.bytes == 4 * SEQUENCES * result


def test_a_latent_goes_to_all_workers_among_which_heads_are_divided():
    layer = layer_of(latent_costs("heads").efforts, SEQUENCES, KEYS)
    assert layer.kv.bytes == 4 * SEQUENCES * 576 * 2
    assert layer.q.bytes == SEQUENCES * 16 * 576 * 2


def test_old_latents_are_attended_to_as_one_call_says():
    costs = latent_costs("sequence")
    plan, (h, keys) = costs.plan, (16, KEYS)
    call = Sdpa(backend="flash_mla", b=32, h=h, g=1, p=1, m=keys, e=576, f=512, latent=True)
    assert plan.decodes_with == "flash_mla"
    expected = effort((call,), plan.machines["H20"])
    assert costs.efforts.attention(32, keys).seconds == pytest.approx(expected.seconds, rel=0.03)


def test_an_iteration_reads_every_latent_once():
    costs = latent_costs("sequence")
    batch = Batch(sequences=256, keys=256 * 8192, chunks=())
    done = iteration_apart(costs.efforts, batch)
    read = 27 * 256 * 8192 * 576 * 2
    least_s = read / (4 * 4000e9)
    assert least_s < done.busy_s["H20"] < 4 * least_s
    assert done.seconds >= done.busy_s["H20"]
