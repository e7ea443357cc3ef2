"""What the figures leave out is said beside them."""

from accelsim.sim.request import Request
from accelsim.sim.system.caveats import caveats, late_start
from tests.cost.system.systems import APART, plan
from tests.sim.system.test_serve import run


def test_nothing_is_said_of_a_plain_system():
    assert list(caveats(plan())) == []


def test_a_part_without_a_price_is_named_and_a_system_without_any_is_not():
    assert list(caveats(plan(APART))) == []
    priced = plan(APART)
    devices = tuple(
        each.model_copy(update={"price_usd_per_hour": 3.0 if each.name == "A" else 0.0})
        for each in priced.system.devices
    )
    system = priced.system.model_copy(update={"devices": devices})
    changed = type(priced)(system, priced.model, priced.machines)
    assert list(caveats(changed)) == ["no price is given for B, which count as free"]


def test_a_trace_that_begins_late_is_noticed():
    assert list(late_start(0.0, 10.0)) == []
    assert list(late_start(4.0, 10.0)) == []
    served, _ = run(plan(), [Request(0, 1.7e9, 100, 5)])
    assert "the first request comes at 1.7e+09 s" in served.summary.notes[0]
