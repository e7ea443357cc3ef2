import random

import pytest

from accelsim.arch.load_system import load_system, machines_of
from accelsim.cost.system.buckets import Exact
from accelsim.cost.system.costs import costs_of
from accelsim.cost.system.effort import idle_w
from accelsim.cost.system.iteration import Batch, Chunk
from accelsim.cost.system.plan import plan_of
from accelsim.cost.system.transfer import all_gather, all_reduce, all_to_all, path_within_replica
from accelsim.workload.model_load import load_model
from accelsim.workload.model_size import layer_weight_bytes
from tests.cost.system.systems import BYTES_PER_S, KV_TOKEN_BYTES, MIXED, TINY, plan

BATCH = Batch(sequences=8, keys=8 * 500)
LAYERS = TINY.layers


def costs(**changed):
    return costs_of(plan(**changed), Exact())


def random_batches(number, seed=0):
    rng = random.Random(seed)
    for _ in range(number):
        sequences = rng.choice((0, 1, 3, 8, 40, 130))
        chunks = tuple(
            Chunk(rng.randint(1, 200), rng.randint(0, 1000)) for _ in range(rng.choice((0, 1, 2)))
        )
        if sequences or chunks:
            yield Batch(sequences, sequences * rng.choice((1, 50, 700)), chunks)


# --- one device -----------------------------------------------------------------------------------


def test_an_iteration_on_one_device_is_the_sum_of_its_layers_parts_and_the_head():
    one = costs()
    of = one.efforts
    layer = of.before(8).seconds + of.attention(8, 500).seconds + of.after(8).seconds
    found = one(BATCH)
    assert found.seconds == pytest.approx(LAYERS * layer + of.head(8).seconds)
    assert found.busy_s["A"] == pytest.approx(found.seconds)
    assert sum(found.way_s.values()) == pytest.approx(found.seconds)
    assert (found.port_s, found.link_bytes) == ({}, {})


def test_joules_are_the_parts_joules():
    one = costs()
    of = one.efforts
    layer = of.before(8).joules + of.attention(8, 500).joules + of.after(8).joules
    assert one(BATCH).joules == {"A": pytest.approx(LAYERS * layer + of.head(8).joules)}


def test_a_chunk_goes_through_the_model_with_the_batch_and_attends_alone():
    one = costs()
    of, chunk = one.efforts, Chunk(100, 300)
    layer = of.before(108).seconds + of.after(108).seconds
    layer += of.attention(8, 500).seconds + of.chunk(100, 301).seconds
    found = one(Batch(8, 8 * 500, (chunk,)))
    assert found.seconds == pytest.approx(LAYERS * layer + of.head(9).seconds)


def test_the_host_comes_on_top():
    assert costs(overhead="3 ms")(BATCH).seconds == pytest.approx(costs()(BATCH).seconds + 3e-3)


# --- tensor parallel ------------------------------------------------------------------------------


def test_two_devices_have_half_of_each_layer_and_add_up_twice():
    two = costs(count=2, tensor=2)
    of = two.efforts
    reduced = all_reduce(path_within_replica(two.plan.system), 2, 8 * 512 * 2)
    layer = of.before(8).seconds + of.attention(8, 500).seconds + of.after(8).seconds
    found = two(BATCH)
    seconds = LAYERS * (layer + 2 * reduced.seconds) + of.head(8).seconds
    assert found.seconds == pytest.approx(seconds)
    assert found.link_bytes["own"] == pytest.approx(LAYERS * 2 * reduced.bytes)
    assert found.port_s["own"] == pytest.approx(LAYERS * 2 * reduced.port_s)


def test_large_halves_take_about_half_the_time():
    """Of a model whose weights take much longer than the start of a kernel; 1/2 and what a kernel
    takes at least."""
    large = load_model("llama3_70b", {"layers": "4"})
    whole, half = (costs(model=large, count=n, tensor=n).efforts for n in (1, 2))
    for part in ("before", "after", "head"):
        one, two = getattr(whole, part)(8).seconds, getattr(half, part)(8).seconds
        assert 0.5 <= two / one < 0.65
    assert 0.5 <= half.attention(64, 8000).seconds / whole.attention(64, 8000).seconds < 0.55


def test_links_cost_their_energy():
    """5 pJ for each bit on NVLink."""
    loaded = load_system("eight_h100")
    found = costs_of(plan_of(loaded, load_model("llama3_8b"), machines_of(loaded)))(BATCH)
    assert found.joules["nvlink"] == pytest.approx(found.link_bytes["nvlink"] * 8 * 5e-12)


# --- pipeline -------------------------------------------------------------------------------------


def test_with_stages_as_many_batches_are_under_way():
    """Each is a half; a half takes both stages and a hop, and a stage both halves."""
    two, of = costs(count=2, pipeline=2), costs().efforts
    layer = of.before(4).seconds + of.attention(4, 500).seconds + of.after(4).seconds
    hop_s = 2e-6 + 4 * 512 * 2 / 100e9
    way_s = LAYERS * layer + of.head(4).seconds + hop_s
    stage_s = 2 * (LAYERS / 2 * layer + of.head(4).seconds)
    found = two(BATCH)
    assert found.seconds == pytest.approx(max(way_s, stage_s))
    assert found.bound == ("stages" if stage_s > way_s else "way")
    assert found.link_bytes["own"] == pytest.approx(2 * 4 * 512 * 2)


def test_a_prompt_is_out_when_its_last_part_has_been_through_all_stages():
    """Stage by stage and part by part: a part enters a stage when it is out of the one before and
    the part before it has left."""
    found = costs(count=4, pipeline=4)(Batch(0, 0, (Chunk(2048, 0),)))
    stage_s = found.drain_s / 3
    out = [0.0] * 4
    for _ in range(4):
        before = 0.0
        for stage in range(4):
            before = out[stage] = max(before, out[stage]) + stage_s
    # The way has hops between stages; the longest stage also makes the token.
    assert found.seconds + found.drain_s == pytest.approx(out[-1], rel=0.05)
    assert costs()(Batch(0, 0, (Chunk(2048, 0),))).drain_s == 0


def test_one_sequence_is_under_way_in_one_stage_at_a_time():
    one, two = costs()(Batch(1, 500)), costs(count=2, pipeline=2)(Batch(1, 500))
    assert two.joules["A"] == pytest.approx(one.joules["A"])
    assert two.seconds == pytest.approx(one.seconds + 2e-6 + 512 * 2 / 100e9)
    assert two.busy_s["A"] < two.seconds


# --- context --------------------------------------------------------------------------------------


def test_over_context_devices_lie_tokens_of_a_batch_and_keys_of_a_sequence():
    two, of = costs(count=2, context=2), costs().efforts
    path = path_within_replica(two.plan.system)
    queries = all_gather(path, 2, 8 * 512 * 2)
    # Results in fp32, a maximum and a sum for each of eight heads.
    results = all_to_all(path, 2, 8 * (512 + 2 * 8) * 4)
    layer = of.before(4).seconds + of.attention(8, 250).seconds + of.after(4).seconds
    layer += queries.seconds + results.seconds
    found = two(BATCH)
    assert found.seconds == pytest.approx(LAYERS * layer + of.head(4).seconds)
    assert found.link_bytes["own"] == pytest.approx(LAYERS * (queries.bytes + results.bytes))


def test_a_chunk_over_context_devices_has_all_its_pairs():
    """1024 queries after 600 tokens see 600 + 1 ... 600 + 1024 keys: n (600 + n / 2) pairs."""
    asked = []
    two = costs(count=2, context=2)
    chunk = two.efforts.chunk
    object.__setattr__(chunk, "of", lambda *sizes: asked.append(sizes) or chunk_effort)
    chunk_effort = costs().efforts.chunk(512, 1)
    two(Batch(0, 0, (Chunk(1024, 600),)))
    ((queries, before_and_one),) = asked
    own = queries * (before_and_one - 1 + queries / 2)
    assert 2 * own == pytest.approx(1024 * (600 + 1024 / 2))


def test_groups_that_share_a_layer_both_ways_all_send():
    """Of 2 x 2 devices, two pairs add up and two others exchange."""
    four = costs(count=4, tensor=2, context=2)
    path = path_within_replica(four.plan.system)
    reduced = all_reduce(path, 2, 4 * 512 * 2)
    queries = all_gather(path, 2, 8 * 256 * 2)
    results = all_to_all(path, 2, 8 * (256 + 2 * 4) * 4)
    each = 2 * reduced.bytes + queries.bytes + results.bytes
    assert four(BATCH).link_bytes["own"] == pytest.approx(LAYERS * 2 * each)


# --- experts --------------------------------------------------------------------------------------


def test_one_part_of_experts_is_plain_tensor_parallelism():
    plain, one = (
        costs(model=MIXED, count=2, tensor=2),
        costs(model=MIXED, count=2, tensor=2, expert=1),
    )
    assert plain(BATCH) == one(BATCH)


# --- whatever the batch ---------------------------------------------------------------------------

LAYOUTS = [
    {},
    {"count": 2, "tensor": 2},
    {"count": 4, "tensor": 2},
    {"count": 2, "pipeline": 2},
    {"count": 2, "context": 2},
    {"count": 8, "tensor": 2, "pipeline": 2, "context": 2},
    {"count": 2, "tensor": 2, "shared": "true"},
    {"count": 4, "tensor": 2, "shared": "true"},
]


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_nobody_is_busier_than_the_iteration_is_long(layout):
    of = costs_of(plan(**layout))
    for batch in random_batches(30):
        found = of(batch)
        for seconds in (*found.busy_s.values(), *found.port_s.values()):
            assert 0 <= seconds <= found.seconds * (1 + 1e-12)


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_no_iteration_is_faster_than_memory_gives_weights_and_keys(layout):
    of = costs_of(plan(**layout))
    tensor, context = of.plan.tensor, of.plan.context
    weights_s = sum(layer_weight_bytes(TINY, n, tensor) for n in range(LAYERS)) / BYTES_PER_S["A"]
    for batch in random_batches(30):
        # The replica's devices share the keys; each stage's have those of their layers.
        devices = tensor * context * of.plan.pipeline
        keys_s = batch.keys * KV_TOKEN_BYTES / devices / BYTES_PER_S["A"]
        assert of(batch).seconds >= weights_s + keys_s


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_more_sequences_or_keys_are_never_faster(layout):
    """But for the library's choice of another kernel, which may gain 1 % at a size."""
    of = costs_of(plan(**layout))
    longest_s = 0.0
    for sequences in range(1, 200, 7):
        seconds = of(Batch(sequences, sequences * 300)).seconds
        assert seconds >= longest_s * 0.99
        assert of(Batch(sequences, sequences * 900)).seconds >= seconds * 0.99
        longest_s = max(longest_s, seconds)


@pytest.mark.parametrize("layout", LAYOUTS[1:], ids=str)
def test_a_faster_link_is_never_slower(layout):
    slow, fast = (costs_of(plan(**layout, bandwidth=rate)) for rate in ("10 GB/s", "90 GB/s"))
    for batch in random_batches(30):
        assert fast(batch).seconds <= slow(batch).seconds


def test_of_a_long_chunk_keys_go_around_beneath_attention():
    """8192 keys and values of 4 heads of 64, three quarters of them to each of 4 devices."""
    found = costs(count=4, context=4)(Batch(0, 0, (Chunk(8192, 0),)))
    around_bytes = LAYERS * 4 * 3 / 4 * 8192 * 2 * 4 * 64 * 2
    assert found.link_bytes["own"] == pytest.approx(around_bytes)
    # 3 steps of 2 us and 6.3 MB at 100 GB/s a layer, of which attention hides a part.
    unhidden_s = LAYERS * (3 * 2e-6 + 3 / 4 * 8192 * 2 * 4 * 64 * 2 / 100e9)
    assert 0 <= found.way_s["network"] < unhidden_s


def test_of_a_short_chunk_over_many_keys_queries_go_around():
    """16 queries of 8 heads of 64, and partial results in fp32 with 2 numbers for each head."""
    found = costs(count=4, context=4)(Batch(0, 0, (Chunk(16, 100_000),)))
    queries = 3 / 4 * 16 * 512 * 2
    results = 3 / 4 * 16 * (512 + 2 * 8) * 4
    assert found.link_bytes["own"] == pytest.approx(LAYERS * 4 * (queries + results))


@pytest.mark.parametrize("batch", [Batch(128, 128 * 1000), Batch(0, 0, (Chunk(4096, 0),))])
def test_a_board_that_never_waits_draws_no_more_than_its_limit(batch):
    """Long products and much reading at once: without lower clocks an H100 would draw more."""
    plan = plan_of(*_one_h100())
    found = costs_of(plan)(batch)
    gpu = plan.machines["A"]
    drawn_w = idle_w(gpu) + found.joules["A"] / found.seconds
    assert 0.97 * 700 < drawn_w <= 700


def _one_h100():
    system = plan().system
    return system, load_model("llama3-8b"), machines_of(system)
