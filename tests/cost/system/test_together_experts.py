"""Iterations where all devices attend: what experts that are spread send, compute and wait for."""

import pytest

from accelsim.arch.load_system import load_system, machines_of
from accelsim.base.errors import ArchError
from accelsim.cost.system.buckets import Exact
from accelsim.cost.system.costs import costs_of
from accelsim.cost.system.iteration import Batch
from accelsim.cost.system.plan import plan_of
from accelsim.workload.expert_spread import experts_hit
from accelsim.workload.model_load import load_model
from accelsim.workload.model_size import weight_bytes

TOKENS = 256
BATCH = Batch(sequences=TOKENS, keys=TOKENS * 4096)
HIDDEN_BYTES = 7168 * 2

DEVICES_HIT = 8 * (1 - 0.338168)
"""1 - C(224, 8) / C(256, 8) of 8."""


def costs(tensor=8, context=1, expert=8, pipeline=2):
    settings = {"tensor": tensor, "context": context, "expert": expert, "pipeline": pipeline}
    system = load_system(
        "deepseek_16h100_expert", {f"parallel.{name}": str(n) for name, n in settings.items()}
    )
    return costs_of(plan_of(system, load_model("deepseek_v3"), machines_of(system)), Exact())


def test_tokens_go_to_their_experts_and_back_by_hand():
    """Two batches of 128 tokens in two stages. To add up what 8 devices hold each reads what the 7
    others have (fewer bytes in a ring would take longer); of the 61 layers 58 have experts. A token
    has experts on 5.295 of 8 devices; an eighth of what is sent stays."""
    hidden = 128 * HIDDEN_BYTES
    reduced = 8 * 7 * hidden
    sent = 7 * hidden / 8 * DEVICES_HIT
    hops = 2 * 1 * hidden
    expected = 2 * (61 * 2 * reduced + 58 * 2 * sent) + hops
    assert costs()(BATCH).link_bytes["nvlink"] == pytest.approx(expected, rel=1e-3)


def test_an_iteration_takes_longer_than_its_bytes():
    """Weights that are hit and the latents, which lie on all devices of a stage."""
    model, per_batch = load_model("deepseek_v3"), TOKENS / 2
    of_experts = 58 * 256 * 3 * 7168 * 2048
    share = experts_hit(model.experts, per_batch) / 256
    weights = weight_bytes(model) - of_experts * (1 - share)
    latents = 61 * BATCH.keys * 576 * 2
    least_s = (2 * weights + 8 * latents) / (16 * 3350e9)
    for expert in (1, 2, 8):
        assert least_s < costs(expert=expert)(BATCH).seconds < 2 * least_s


def test_all_wait_for_the_busiest_but_energy_is_the_mean_ones():
    spread, divided = costs(expert=8).efforts.after(64), costs(expert=1).efforts.after(64)
    assert spread.seconds > divided.seconds
    assert spread.joules == pytest.approx(divided.joules, rel=0.1)


def test_devices_that_share_no_layer_may_share_experts():
    """Eight devices attend to sequences of their own: no latent lies twice, nothing is reduced."""
    own, divided = costs(tensor=1, context=8), costs()
    assert own.plan.kv_tokens > 5 * divided.plan.kv_tokens
    assert own(BATCH).way_s["attention"] < divided(BATCH).way_s["attention"] / 3
    # Tokens to experts and back; queries of 576 to all, results of 512, maximum and sum in fp32.
    experts = 58 * 2 * 7 * 128 / 8 * HIDDEN_BYTES * DEVICES_HIT
    heads = 61 * 7 * 128 * 128 * (576 * 2 + (512 + 2) * 4)
    hops = 128 * HIDDEN_BYTES
    assert own(BATCH).link_bytes["nvlink"] == pytest.approx(2 * (experts + heads + hops), rel=1e-3)


@pytest.mark.parametrize(
    ("sizes", "reason"),
    [
        ({"tensor": 4, "context": 4, "pipeline": 1, "expert": 16}, None),
        ({"tensor": 8, "context": 2, "pipeline": 1, "expert": 16}, None),
        ({"tensor": 8, "expert": 16}, "do not divide over 16 for experts"),
    ],
)
def test_experts_go_with_what_divides_the_rest(sizes, reason):
    if reason is None:
        assert costs(**sizes)(BATCH).seconds > 0
    else:
        with pytest.raises(ArchError, match=reason):
            costs(**sizes)
