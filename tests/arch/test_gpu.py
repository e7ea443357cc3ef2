"""GPUs read from YAML over their calibration."""

import pytest

from accelsim.arch.gpu import rate_per_s, resident_blocks, sources
from accelsim.arch.load import is_gpu, load_arch
from accelsim.arch.load_gpu import load_gpu
from accelsim.base.catalogue import find, names
from accelsim.base.errors import ArchError, InputError

GPU = load_gpu("h100_sxm")
SHIPPED = [name for name in names("machines") if is_gpu(name)]


def test_tensor_rates_are_those_of_the_datasheet():
    tflops = GPU.sms * GPU.cores("wgmma").rate("bf16") * 1.83e9 / 1e12
    assert tflops == pytest.approx(989.4, rel=1e-3)


def test_a_machine_goes_before_its_calibration():
    assert GPU.power.limit_w == 700 and GPU.power.constant_w == 70
    assert GPU.hbm.bandwidth.bytes_per_s == 3350e9 and GPU.hbm.latency_s == 350e-9


def test_settings_reach_the_calibration_too():
    changed = load_gpu("h100_sxm", {"memories.L2.latency": "100 ns", "power.limit": "350 W"})
    assert changed.l2.latency_s == 100e-9 and changed.power.limit_w == 350


@pytest.mark.parametrize(
    ("threads", "registers", "shared", "expected"),
    [
        (128, 255, 0, 2),  # 256 registers x 128 threads: two of 64 Ki
        (1024, 32, 0, 2),  # 2048 threads
        (128, 32, 0, 16),  # 2048 threads, before 32 blocks
        (32, 32, 0, 32),
        (128, 32, 100 * 1024, 2),  # 101 KiB of 228
        (384, 168, 227 * 1024, 1),
    ],
)
def test_resident_blocks(threads, registers, shared, expected):
    assert resident_blocks(GPU, threads, registers, shared) == expected


def test_a_rate_in_bytes_a_cycle_counts_at_the_highest_clock():
    assert rate_per_s(GPU.l2.bandwidth, GPU) == pytest.approx(5.3e12, rel=1e-3)


def test_every_number_has_a_source():
    assert all(sources(GPU).values())


def test_what_the_gpu_lacks_is_named_with_what_it_has():
    with pytest.raises(ArchError, match="no tensor instruction 'wgma'. Did you mean 'wgmma'"):
        GPU.cores("wgma")
    with pytest.raises(ArchError, match="mma does not multiply fp8"):
        GPU.cores("mma").rate("fp8")


def test_a_gpu_is_no_spatial_array_and_the_reverse():
    with pytest.raises(ArchError, match="this is a GPU"):
        load_arch("h100_sxm")
    with pytest.raises(ArchError, match="this is no GPU"):
        load_gpu("fusemax_cloud")


def test_a_misspelt_key_of_the_machine_is_placed(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("about: mine.\nsource: me\ncalibration: hopper\nsms: 1\nclok: 1 GHz\n")
    with pytest.raises(InputError, match=r"mine\.yaml:5: Gpu has no 'clok'"):
        load_gpu(file)


@pytest.mark.parametrize("word", ["flop: {bf16: 1024", "tflops: {bf16: 362.05"])
def test_a_misspelt_word_of_tensor_cores_is_refused(tmp_path, word):
    file = tmp_path / "mine.yaml"
    shipped_text = find("l40s", "arch").read_text()
    assert word in shipped_text
    file.write_text(shipped_text.replace(word, word.replace("bf16", "bf61")))
    said = r"mine\.yaml:\d+: 'bf61' is none of 'bf16'.*Did you mean 'bf16'"
    with pytest.raises(InputError, match=said):
        load_gpu(file)


@pytest.mark.parametrize(
    "path", ["memories.HBM.read", "memories.L2.write", "timing.reuse", "products.fma"]
)
def test_shares_of_a_rate_are_above_0(path):
    with pytest.raises(InputError, match="'0' must be above 0"):
        load_gpu("l40s", {path: "0"})


def test_a_block_takes_time_to_start():
    with pytest.raises(InputError, match="'0 s' must be above 0"):
        load_gpu("l40s", {"launch.start": "0 s"})


def test_an_unknown_calibration_is_refused(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("about: mine.\nsms: 1\ncalibration: hoper\n")
    with pytest.raises(InputError, match="no calibration 'hoper'"):
        load_gpu(file)


def test_the_gpus_of_the_catalogue():
    ampere = {"a100_sxm_40gb", "a100_sxm_80gb", "a30"}
    hopper = {"h100_sxm", "h100_pcie", "h200_sxm", "h20"}
    ada, blackwell = {"rtx_4090", "l40s", "l4"}, {"b200_sxm", "gb200"}
    assert set(SHIPPED) == ampere | hopper | ada | blackwell | {"p40", "v100_sxm"}


@pytest.mark.parametrize("name", SHIPPED)
def test_the_rates_an_sm_are_those_of_the_datasheet(name):
    gpu = load_gpu(name)
    for cores in (cores for cores in gpu.tensor if cores.quoted):
        for word, tflops in cores.quoted.tflops.items():
            ours = cores.rate(word) * gpu.sms * cores.quoted.clock_hz / 1e12
            # The L40S's fp8 rate is printed for 2520 MHz, its bf16 rate for 2490.
            assert ours == pytest.approx(tflops, rel=0.013), (cores.name, word)


@pytest.mark.parametrize("name", sorted(set(SHIPPED) - {"p40"}))
def test_every_gpu_with_tensor_cores_quotes_a_datasheet(name):
    gpu = load_gpu(name)
    assert any(cores.quoted for cores in gpu.tensor)
    assert all(cores.quoted.clock_hz <= gpu.clock_hz for cores in gpu.tensor if cores.quoted)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_part_of_every_gpu_has_a_source(name):
    found = sources(load_gpu(name))
    assert all(found.values())
    assert {"gpu", "sm", "launch", "timing", "power", "memories.HBM", "memories.L2"} <= set(found)


@pytest.mark.parametrize(
    "name", sorted(set(SHIPPED) - {"h100_sxm", "h100_pcie", "h200_sxm", "h20"})
)
def test_what_was_never_measured_on_a_generation_says_so(name):
    assert "assumed to be as on hopper" in sources(load_gpu(name))["timing"]


@pytest.mark.parametrize("name", SHIPPED)
def test_every_gpu_prices_the_words_that_its_tensor_cores_multiply(name):
    gpu = load_gpu(name)
    for cores in gpu.tensor:
        for word in cores.flop:
            assert gpu.power.energy_pj(f"{cores.name}_{word}") > 0


def test_the_fp32_rate_of_the_p40_is_that_of_its_datasheet():
    gpu = load_gpu("p40")
    assert 2 * gpu.pipe("mac").lanes * gpu.sms * gpu.clock_hz == pytest.approx(11.76e12, rel=1e-3)
    assert gpu.tensor == ()
