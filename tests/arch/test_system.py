import math
from pathlib import Path
from typing import get_args

import pytest

from accelsim.arch.load_system import load_system, machines_of, read_system
from accelsim.arch.system import Kernels, Link, Worker
from accelsim.base.catalogue import find, names
from accelsim.base.errors import ArchError, InputError
from accelsim.base.yamlfile import parse_yaml
from accelsim.workload.calls import Backend

SYSTEMS = names("systems")
LAMINA = load_system("lamina_2h100_4h20")

CHAIN = """\
about: Three kinds of devices in a row.
source: made up
devices:
- {name: A, machine: h100_sxm, count: 2, role: model}
- {name: B, machine: h20, count: 2, role: attention}
- {name: C, machine: l40s, role: prefill}
switches: [S]
links:
- {name: up, between: [A, S], bandwidth: 100 GB/s, latency: 1 us, source: made up}
- {name: down, between: [S, B], bandwidth: 50 GB/s, latency: 2 us, source: made up}
- {name: slow, between: [A, B], bandwidth: 10 GB/s, latency: 9 us, source: made up}
- {name: far, between: [B, C], bandwidth: 25 GB/s, latency: 5 us, source: made up}
- {name: own, between: [B, B], bandwidth: 200 GB/s, latency: 1 us, source: made up}
parallel: {tensor: 2}
offload: {split: heads}
serving: {prefill: apart}
"""


def chain():
    return read_system(parse_yaml(CHAIN, "s.yaml"))


def names_of(route):
    return [link.name for link in route]


def link(**changed):
    written = {"name": "l", "between": ("A", "B"), "bandwidth": "10 GB/s", "latency": "2 us"}
    return Link(**written, source="made up", **changed)


# --- what a system is -----------------------------------------------------------------------------


def test_the_parts_of_a_system_by_their_roles():
    assert LAMINA.model_device.name == "H100"
    assert LAMINA.attention_device is not None and LAMINA.attention_device.name == "H20"
    assert LAMINA.prefill_device is None
    assert chain().prefill_device == chain().device("C")
    assert load_system("vllm_2h100").attention_device is None


def test_a_device_that_is_not_there_names_the_nearest():
    with pytest.raises(ArchError) as error:
        LAMINA.device("H10")
    assert str(error.value) == "the system has no device 'H10'. Did you mean 'H100'?"


def test_every_device_is_a_worker_with_a_number():
    assert [str(each) for each in LAMINA.workers()] == [
        *("H100.0", "H100.1"),
        *("H20.0", "H20.1", "H20.2", "H20.3"),
    ]
    assert Worker("H20", 3) in set(LAMINA.workers())


@pytest.mark.parametrize(
    ("name", "replicas"),
    [("lamina_2h100_4h20", 1), ("eight_h100", 2), ("eight_h100_pipeline", 1)],
)
def test_what_tensor_times_pipeline_leaves_are_replicas(name, replicas):
    assert load_system(name).replicas == replicas


def test_kernels_are_the_backends_of_calls():
    assert get_args(Kernels) == get_args(Backend)


# --- prices ---------------------------------------------------------------------------------------

#: Lamina v2, section 6: pairs of the same cost, at 11.06 and 4.63 USD an hour (table 1).
LAMINA_PRICES = [
    ("lamina_1h100_2h20", 20.32),
    ("vllm_2h100", 22.12),
    ("lamina_2h100_4h20", 40.64),
    ("vllm_4h100", 44.24),
]


@pytest.mark.parametrize(("name", "usd"), LAMINA_PRICES)
def test_a_system_costs_what_lamina_says(name, usd):
    assert load_system(name).usd_per_hour == pytest.approx(usd)


def test_a_price_is_overridden_by_the_device_it_is_of():
    cheaper = load_system("lamina_2h100_4h20", {"devices.H100.price": "3.99 USD/h"})
    assert cheaper.usd_per_hour == pytest.approx(2 * 3.99 + 4 * 4.63)


def test_a_link_and_a_count_are_overridden_by_their_paths():
    wide = load_system("lamina_2h100_4h20", {"links.rdma.bandwidth": "90 GB/s"})
    assert wide.route("H100", "H20")[0].bytes_per_s == 90e9
    assert load_system("lamina_2h100_4h20", {"devices.H20.count": 8}).device("H20").count == 8


def test_a_path_that_is_not_there_names_the_nearest():
    with pytest.raises(InputError, match="this list has no 'rmda'. Did you mean 'rdma'"):
        load_system("lamina_2h100_4h20", {"links.rmda.bandwidth": "90 GB/s"})


def test_set_reaches_into_the_machine():
    system = load_system("h100_fusemax")
    assert machines_of(system)["FuseMax"].memory("DRAM").capacity_bytes == 16e9
    more = {"devices.FuseMax.set": "{memories.DRAM.capacity: 64 GB, clock: 1 GHz}"}
    array = machines_of(load_system("h100_fusemax", more))["FuseMax"]
    assert (array.memory("DRAM").capacity_bytes, array.clock_hz) == (64e9, 1e9)


# --- links and routes -----------------------------------------------------------------------------


def test_a_message_takes_its_way_and_its_bytes():
    # 2 us + 10 kB at 10 GB/s, 1 us; three messages each take 0.5 us to write.
    assert link().seconds(10_000) == pytest.approx(3e-6)
    assert link(message="0.5 us").seconds(10_000, messages=3) == pytest.approx(4.5e-6)


def test_a_message_costs_its_bits():
    # 1000 B x 8 x 60 pJ.
    assert link(energy="60 pJ/bit").energy_j(1000) == pytest.approx(480e-9)


def test_a_link_joins_its_two_names_both_ways():
    assert names_of(LAMINA.route("H100", "H20")) == ["rdma"]
    assert names_of(LAMINA.route("H20", "H100")) == ["rdma"]
    assert names_of(LAMINA.route("H100", "H100")) == ["nvlink"]


def test_a_route_is_the_one_of_least_latency_with_its_links_in_order():
    # Over the switch 1 + 2 us, directly 9 us.
    assert names_of(chain().route("A", "B")) == ["up", "down"]
    assert names_of(chain().route("B", "A")) == ["down", "up"]
    assert names_of(chain().route("A", "C")) == ["up", "down", "far"]
    route = chain().route("A", "C")
    assert math.fsum(each.latency_s for each in route) == pytest.approx(8e-6)
    assert min(each.bytes_per_s for each in route) == 25e9


def test_within_a_kind_its_own_link_goes_before_a_switch():
    assert names_of(chain().route("B", "B")) == ["own"]
    assert names_of(chain().route("A", "A")) == ["up", "up"]


def test_where_no_link_leads_is_an_error_that_says_what_to_add():
    with pytest.raises(ArchError) as error:
        LAMINA.route("H20", "H20")
    assert str(error.value) == "no link joins H20 and H20. Add one with between: [H20, H20]"
    with pytest.raises(ArchError, match="has no device or switch 'H2'. Did you mean 'H20'"):
        LAMINA.route("H100", "H2")


def test_a_wide_way_of_two_links_is_as_wide_as_the_narrower():
    apart = load_system("h100_prefill_apart")
    assert names_of(apart.route("Prefill", "Decode")) == ["prefill_port", "decode_port"]
    assert names_of(apart.route("Decode", "Decode")) == ["decode_port", "decode_port"]


# --- the systems that are shipped -----------------------------------------------------------------


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_number_of_a_shipped_system_names_its_source(name):
    system = load_system(name)
    assert system.about.endswith(".") and system.source
    assert all(each.source and each.price_usd_per_hour > 0 for each in system.devices)
    assert all(each.source for each in system.links)


@pytest.mark.parametrize("name", SYSTEMS)
def test_what_holds_keys_and_values_has_a_capacity(name):
    system = load_system(name)
    holder = system.attention_device or system.model_device
    machine = machines_of(system)[holder.name]
    assert (machine.memories[0].capacity_bytes or 0) >= 16e9


def test_nccl_takes_twice_the_time_of_a_round_trip():
    # Lamina v2, section 6: 66.6 and 33.0 us, 35.5 and 45.7 GB/s.
    (fhbn,) = LAMINA.route("H100", "H20")
    (nccl,) = load_system("lamina_2h100_4h20_nccl").route("H100", "H20")
    assert (2 * fhbn.latency_s, 2 * nccl.latency_s) == pytest.approx((33.0e-6, 66.6e-6))
    assert (fhbn.bytes_per_s, nccl.bytes_per_s) == pytest.approx((45.7e9, 35.5e9))


def test_deepseek_v3_fits_sixteen_h100s_and_not_eight():
    # 671e9 parameters of a byte each.
    system = load_system("deepseek_16h100_expert")
    usable = system.memory.usable * machines_of(system)["H100"].hbm.capacity_bytes
    assert 8 * usable < 671e9 < 16 * usable


def test_the_page_on_systems_shows_a_shipped_file_as_it_is():
    page = Path(__file__).resolve().parents[2] / "docs" / "systems.md"
    shown = page.read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]
    file = find("lamina_2h100_4h20", "systems").read_text(encoding="utf-8")
    assert shown == file.partition("\n")[2], "all but the line that names the schema"
    for name in SYSTEMS:
        assert f"`{name}`" in page.read_text(encoding="utf-8")
