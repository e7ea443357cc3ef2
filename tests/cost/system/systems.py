"""Small systems and a small model, on which requests soon fill the memories and hand counts end."""

from accelsim.arch.load_system import machines_of, read_system
from accelsim.base.yamlfile import parse_yaml
from accelsim.cost.system.plan import Plan, plan_of
from accelsim.workload.model import Experts, Model

TINY = Model(
    name="tiny", layers=4, hidden=512, heads=8, kv_heads=4, head_dim=64, feed_forward=1024,
    vocabulary=1000,
)  # fmt: skip
KV_TOKEN_BYTES = 4 * 2 * 4 * 64 * 2
"""Of TINY: layers, keys and values, heads, numbers, bytes."""
MIXED = TINY.model_copy(update={"experts": Experts(count=8, active=2, feed_forward=512)})

TOGETHER = """\
about: Devices that do all of a layer.
source: made up
devices:
- {{name: A, machine: h100_sxm, count: {count}, role: both, price: 1 USD/h, set: {set}}}
links:
- name: own
  between: [A, A]
  bandwidth: {bandwidth}
  latency: 2 us
  shared: {shared}
  source: made up
parallel: {{tensor: {tensor}, pipeline: {pipeline}, context: {context}, expert: {expert}}}
memory: {{usable: 0.9, page: {page}}}
serving: {{prefill: {prefill}, chunk: {chunk}, admit: {admit}, overhead: {overhead}}}
"""
APART = """\
about: Devices that attend beside those that hold the model.
source: made up
devices:
- {{name: A, machine: h100_sxm, count: {count}, role: model}}
- {{name: B, machine: h20, count: {workers}, role: attention, set: {set}}}
links:
- {{name: own, between: [A, A], bandwidth: 450 GB/s, latency: 2 us, source: made up}}
- name: net
  between: [A, B]
  bandwidth: {bandwidth}
  latency: 5 us
  shared: {shared}
  source: made up
parallel: {{tensor: {tensor}}}
offload:
  split: {split}
  send_q_early: {early}
  attend_while_kv_travels: {meanwhile}
  batches: {batches}
memory: {{usable: 0.9, page: {page}}}
serving: {{prefill: {prefill}, chunk: {chunk}, admit: {admit}, overhead: {overhead}}}
"""
PROMPTS = """\
about: Devices for prompts beside those that do all of a layer.
source: made up
devices:
- {{name: P, machine: h100_sxm, count: {workers}, role: prefill}}
- {{name: A, machine: h100_sxm, count: {count}, role: both, set: {set}}}
switches: [S]
links:
- {{name: down, between: [P, S], bandwidth: {bandwidth}, latency: 5 us, source: made up}}
- {{name: up, between: [S, A], bandwidth: {bandwidth}, latency: 5 us, source: made up}}
parallel: {{tensor: {tensor}}}
memory: {{usable: 0.9, page: {page}}}
serving: {{prefill: apart, chunk: {chunk}, admit: {admit}, overhead: {overhead}}}
"""
USUAL = {
    "count": 1, "workers": 1, "bandwidth": "100 GB/s", "shared": "false", "tensor": 1,
    "pipeline": 1, "context": 1, "expert": 1, "set": "{}", "page": 16, "prefill": "here",
    "chunk": 256, "admit": "prompt", "overhead": "0 s", "split": "heads",
    "early": "true", "meanwhile": "true", "batches": 2,
}  # fmt: skip
HBM_BYTES = {"A": 80e9, "B": 96e9}
BYTES_PER_S = {"A": 3.35e12, "B": 4.0e12}
"""What the data sheets say of an H100 and an H20."""


def system_of(text: str = TOGETHER, **changed: object):
    return read_system(parse_yaml(text.format(**{**USUAL, **changed}), "s.yaml"))


def plan(text: str = TOGETHER, model: Model = TINY, **changed: object) -> Plan:
    system = system_of(text, **changed)
    return plan_of(system, model, machines_of(system))


def with_room(tokens: int, text: str = TOGETHER, model: Model = TINY, **changed: object) -> Plan:
    """A plan whose engine holds so many tokens: the memories of those that attend end there."""
    whole = plan(text, model, **changed)
    unused = whole.kv_room_bytes - (tokens + 0.5) * whole.kv_token_bytes
    devices = whole.attender.count
    if not whole.is_offloaded:
        devices = whole.tensor * whole.pipeline * whole.context
    capacity = HBM_BYTES[whole.attender.name] - unused / devices / 0.9
    values = f"{{memories.HBM.capacity: {capacity:.0f} B}}"
    return plan(text, model, **{**changed, "set": values})
