import random

import pytest

from accelsim.arch.system import Offload
from accelsim.cost.system.apart import Layer, layer_of
from accelsim.cost.system.buckets import Exact
from accelsim.cost.system.costs import costs_of
from accelsim.cost.system.effort import NONE, Effort
from accelsim.cost.system.iteration import Batch, Chunk
from accelsim.cost.system.transfer import NOTHING, Sent
from accelsim.workload.model import LatentAttention, Model
from accelsim.workload.model_size import layer_weight_bytes
from tests.cost.system.systems import APART, BYTES_PER_S, KV_TOKEN_BYTES, TINY, plan
from tests.cost.system.test_together import random_batches

LAYERS = TINY.layers
BATCH = Batch(sequences=8, keys=8 * 500)
LATENT = Model(
    name="latent", layers=4, hidden=512, heads=8, feed_forward=1024, vocabulary=1000,
    mla=LatentAttention(kv_rank=512, rope_dim=64, nope_dim=128, value_dim=128),
)  # fmt: skip


def costs(**changed):
    return costs_of(plan(APART, **changed), Exact())


def sent(latency_s, port_s):
    return Sent(latency_s + port_s, port_s, 0.0)


def layer(early=1.0, late=2.0, after=4.0, old=8.0, new=0.5, q=(3, 1), kv=(3, 2), result=(3, 1)):
    """Efforts in seconds; what travels as latency and time of the port."""
    efforts = (Effort(float(each), 0.0) for each in (early, late, after, old, new))
    travels = (sent(*each) for each in (q, kv, result))
    return Layer(*efforts, (NOTHING, NOTHING), *travels)


def switches(**changed):
    return Offload(**{"send_q_early": True, "attend_while_kv_travels": True, **changed})


# --- the way of a batch through a layer, by hand --------------------------------------------------


def test_nothing_overlaps_without_switches():
    """Projections 3; q's port 1 and then kv's 3 + 2; attention 8.5; result 4; after 4."""
    off = switches(send_q_early=False, attend_while_kv_travels=False)
    assert layer().way_s(off) == 3 + 1 + 5 + 8.5 + 4 + 4


def test_old_keys_are_attended_to_while_keys_and_values_travel():
    """q is there at 3 + 4, k and v at 3 + 1 + 5, old attention ends at 15."""
    assert layer().way_s(switches(send_q_early=False)) == 7 + 8 + 0.5 + 4 + 4


def test_queries_travel_while_keys_and_values_are_projected():
    """q is there at 1 + 4; old attention ends at 13; k and v came at 3 + 5."""
    assert layer().way_s(switches()) == 5 + 8 + 0.5 + 4 + 4


def test_the_new_key_waits_for_its_way():
    """Old attention of 1 ends at 6, k and v come at 8."""
    assert layer(old=1).way_s(switches()) == 8 + 0.5 + 4 + 4


def test_queries_sent_early_alone_gain_what_their_port_took():
    assert layer().way_s(switches(attend_while_kv_travels=False)) == 8 + 8.5 + 4 + 4


def random_layer(rng):
    def some():
        return rng.choice((0.0, 0.1, 1.0)) * rng.random()

    moved = {name: (some(), some()) for name in ("q", "kv", "result")}
    return layer(*(0.01 + some() for _ in range(5)), **moved)


def test_no_switch_hurts_and_none_gains_more_than_it_hides():
    rng = random.Random(0)
    for _ in range(500):
        one = random_layer(rng)
        way = {
            (early, meanwhile): one.way_s(
                switches(send_q_early=early, attend_while_kv_travels=meanwhile)
            )
            for early in (True, False)
            for meanwhile in (True, False)
        }
        for other in (True, False):
            gain_s = way[False, other] - way[True, other]
            assert -1e-12 <= gain_s <= one.late.seconds + one.q.seconds + 1e-12
            gain_s = way[other, False] - way[other, True]
            hidden_s = min(one.old.seconds, one.late.seconds + one.q.port_s + one.kv.seconds)
            assert -1e-12 <= gain_s <= hidden_s + 1e-12


# --- an iteration ---------------------------------------------------------------------------------


def test_one_batch_alone_takes_its_way_through_all_layers_and_the_head():
    one = costs(batches=1, overhead="1 ms")
    assert one.plan.system.offload is not None
    way_s = layer_of(one.efforts, 8, 500).way_s(one.plan.system.offload)
    found = one(BATCH)
    head_s = one.efforts.head(8).seconds
    assert found.seconds == pytest.approx(LAYERS * way_s + head_s + 1e-3)
    assert found.bound == "way"


def test_a_layer_is_made_of_the_efforts_of_both_kinds_of_devices():
    one = costs()
    made, of = layer_of(one.efforts, 8, 500), one.efforts
    assert (made.early, made.late, made.after) == (of.early(8), of.late(8), of.after(8))
    assert (made.old, made.new) == (of.attention(8, 499), of.attention(8, 1))


def test_what_travels_is_q_and_k_and_v_and_the_result():
    """Of 8 sequences: 8 heads of 64 words there and back, 4 heads of 64 keys and of 64 values."""
    made = layer_of(costs().efforts, 8, 500)
    assert (made.q.bytes, made.kv.bytes, made.result.bytes) == (8192, 8192, 8192)
    assert made.q.seconds == pytest.approx(5e-6 + 8192 / 100e9)


def test_several_ports_share_what_travels():
    """Two holders and four workers: each holder sends half, to two of the workers."""
    made = layer_of(costs(count=2, tensor=2, workers=4).efforts, 8, 500)
    assert made.q.bytes == 8192
    assert made.q.port_s == pytest.approx(8192 / 2 / 100e9)


def test_split_by_sequence_every_worker_gets_all_queries_and_partial_results_are_merged():
    heads = layer_of(costs(workers=2).efforts, 8, 501)
    parts = layer_of(costs(workers=2, split="sequence").efforts, 8, 501)
    assert (parts.q.bytes, parts.kv.bytes, parts.result.bytes) == (
        2 * heads.q.bytes,
        heads.kv.bytes,
        2 * heads.result.bytes,
    )
    whole = costs(workers=1).efforts
    assert parts.old == whole.attention(8, 250)
    assert parts.after == whole.after(8) + whole.merge(2 * 8192)


def test_of_a_window_every_worker_has_its_part():
    """The last 100 of 4000 tokens lie on both workers alike."""
    windowed = plan(
        APART, model=TINY.model_copy(update={"window": 100}), workers=2, split="sequence"
    )
    made = layer_of(costs_of(windowed, Exact()).efforts, 8, 4001)
    assert made.old == costs(workers=1).efforts.attention(8, 50)


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("model", [TINY, LATENT], ids=["grouped", "latent"])
def test_as_many_bytes_of_keys_and_values_travel_as_are_kept(model, workers):
    """Latents go to every worker that has heads."""
    made = plan(APART, model=model, workers=workers)
    if model is LATENT:
        # Its kernels are not the question here.
        efforts = costs_of(made).efforts
        for name in ("early", "late", "after", "attention"):
            object.__setattr__(getattr(efforts, name), "of", lambda *sizes: NONE)
    else:
        efforts = costs_of(made).efforts
    sent_bytes = layer_of(efforts, 1, 500).kv.bytes * LAYERS
    assert sent_bytes == made.kv_token_bytes


def test_with_fewer_sequences_than_batches_each_is_a_batch():
    one, two = costs(batches=1), costs(batches=2)
    for name in ("busy_s", "link_bytes", "joules"):
        alone = getattr(one(Batch(1, 500)), name)
        assert getattr(two(Batch(1, 500)), name) == pytest.approx(alone)


def test_chunks_alone_take_no_attention_worker_s_time():
    one = costs()
    found, of = one(Batch(0, 0, (Chunk(100, 300),))), one.efforts
    layer_s = of.before(100).seconds + of.after(100).seconds + of.chunk(100, 301).seconds
    assert found.seconds == pytest.approx(LAYERS * layer_s + of.head(1).seconds)
    assert found.busy_s["B"] == 0
    assert found.link_bytes["net"] == pytest.approx(100 * KV_TOKEN_BYTES)


def test_chunks_are_worked_on_between_the_slices_of_batches():
    one = costs()
    alone, chunk = one(BATCH), one(Batch(0, 0, (Chunk(100, 300),)))
    both = one(Batch(8, 8 * 500, (Chunk(100, 300),)))
    longest = max(alone.seconds, chunk.seconds)
    assert longest <= both.seconds <= alone.seconds + chunk.seconds


# --- whatever the batch ---------------------------------------------------------------------------

LAYOUTS = [
    {},
    {"batches": 1},
    {"count": 2, "tensor": 2, "workers": 4},
    {"count": 2, "batches": 3, "workers": 2},
    {"workers": 3, "split": "sequence"},
    {"workers": 2, "shared": "true", "bandwidth": "2 GB/s"},
]


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_nobody_is_busier_than_the_iteration_is_long(layout):
    of = costs_of(plan(APART, **layout))
    for batch in random_batches(30):
        found = of(batch)
        for seconds in (*found.busy_s.values(), *found.port_s.values()):
            assert 0 <= seconds <= found.seconds * (1 + 1e-12)


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_no_iteration_is_faster_than_memories_give_weights_and_keys(layout):
    of = costs_of(plan(APART, **layout))
    tensor, replicas = of.plan.tensor, of.plan.system.replicas
    layers_bytes = sum(layer_weight_bytes(TINY, n, tensor) for n in range(LAYERS))
    for batch in random_batches(30):
        batches = min(of.plan.system.offload.batches, batch.sequences) or 1
        seconds = of(batch).seconds
        assert seconds >= batches * layers_bytes / BYTES_PER_S["A"] / replicas
        workers = of.plan.attender.count
        assert seconds >= batch.keys * KV_TOKEN_BYTES / workers / BYTES_PER_S["B"] * 0.98


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_more_sequences_or_keys_are_never_faster(layout):
    """But for the library's choice of another kernel, which may gain 1 % at a size."""
    of = costs_of(plan(APART, **layout))
    longest_s = 0.0
    for sequences in range(3, 200, 7):
        seconds = of(Batch(sequences, sequences * 300)).seconds
        assert seconds >= longest_s * 0.99
        assert of(Batch(sequences, sequences * 900)).seconds >= seconds * 0.99
        longest_s = max(longest_s, seconds)


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_neither_a_faster_link_nor_a_switch_is_slower(layout):
    off = {"early": "false", "meanwhile": "false"}
    base = costs_of(plan(APART, **{**layout, **off, "bandwidth": "2 GB/s"}))
    changes = (
        {"bandwidth": "90 GB/s"},
        {"early": "true"},
        {"meanwhile": "true"},
        {"early": "true", "meanwhile": "true"},
    )
    for change in changes:
        better = costs_of(plan(APART, **{**layout, **off, "bandwidth": "2 GB/s", **change}))
        for batch in random_batches(20):
            extra_s = splitting_s(better, batch)
            assert better(batch).seconds <= base(batch).seconds * (1 + 1e-12) + extra_s


def splitting_s(costs, batch):
    """What a switch may cost: projections in two products, and a call of its own for new keys."""
    of, offload = costs.efforts, costs.plan.system.offload
    sequences = max(1.0, batch.sequences / offload.batches)
    extra_s = 0.0
    if offload.send_q_early:
        whole_s = of.before(sequences).seconds
        extra_s += of.early(sequences).seconds + of.late(sequences).seconds - whole_s
    if offload.attend_while_kv_travels:
        extra_s += of.attention(sequences, 1).seconds
    return offload.batches * LAYERS * max(0.0, extra_s)
