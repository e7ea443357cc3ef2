import json


def test_a_workload_is_shown_with_its_cascade_and_counts(run):
    out = run("show", "attention/three_pass", "--set", "ranks.P=2", "--set", "ranks.M=3").out
    assert "QK[b,h,p,m] += Q[b,h,p,e] * K[b,h,m,e]" in out
    # One exp per score: B H P M = 12 * 2 * 3 = 72.
    assert " 72 exp" in out


def test_a_machine_is_shown_with_the_sources_of_its_numbers(run):
    out = run("show", "fusemax_cloud", "--set", "memories.DRAM.bandwidth=800 GB/s").out
    assert "DRAM: unbounded, 800 GB/s" in out
    assert "from the parts catalogue:" in out


def test_a_mapping_is_shown_as_loop_nests(run):
    shown = json.loads(run("show", "attention/one_pass", "fusemax_cloud", "--json").out)
    assert shown["kind"] == "mapping"
    assert "BQK on Array2D\n" in shown["text"]


def test_a_mapping_by_itself_is_shown_on_the_machine_it_names(run):
    assert "BQK on Array2D\n" in run("show", "fusemax_binding").out


def test_an_unknown_name_suggests_the_nearest(run):
    assert run("show", "fusemax_clod") == (
        2,
        "",
        "there is no workload, machine or mapping 'fusemax_clod'. Did you mean 'fusemax_cloud'?\n",
    )


def test_a_gpu_is_shown_with_its_rates_and_the_sources_of_its_numbers(run):
    out = run("show", "h100_sxm").out
    assert "132 SMs at 1.98 GHz, hopper, calibrated by hopper" in out
    assert "datasheet: bf16 989.4, fp16 989.4, fp8 1978.9 TFLOPS, at 1.83 GHz" in out
    assert "tensor cores, mma: bf16 612.1 TFLOPS (2342 FLOP a cycle and SM)" in out
    assert "HBM: 80 GB, 3.35 TB/s, latency 350 ns" in out
    assert "power: limit 700 W" in out
    # A block each for the chip, SM, two families, two memories, launch, timing, power and bursts;
    # and a line each for four pipes and fourteen energies.
    assert out.count("source: ") == 10 + 4 + 15


def test_a_gpu_without_tensor_cores_is_shown(run):
    assert "no tensor cores\n" in run("show", "p40").out


def test_settings_reach_a_gpu(run):
    out = run("show", "l4", "--set", "arch.memories.HBM.bandwidth=400 GB/s").out
    assert "HBM: 24 GB, 400 GB/s" in out


def test_a_form_is_shown_by_itself(run):
    out = run("show", "heads/sqa:xsqa:decode").out
    assert out.startswith("heads/sqa:xsqa:decode: Sparse query attention")
    assert "ranks: B = 1, H = 4, G = 4, P = 1, " in out
    assert "forms" not in out


def test_a_file_of_several_lists_its_forms_and_presets(run):
    out = run("show", "linear/lightning_2").out
    assert out.startswith("linear/lightning_2:chunked: Lightning Attention-2")
    forms = out.partition("forms (this is the first):\n")[2]
    assert "  sequential: prefill; equals chunked; token by token\n" in forms
    assert "  tnl_1b: TransNormerLLM-1B" in forms


def test_an_unknown_form_suggests_the_nearest(run):
    ended = run("show", "heads/sqa:decod")
    assert ended.status == 2
    assert ended.err.endswith("there is no form or preset 'decod'. Did you mean 'decode'?\n")


def test_a_form_is_shown_on_a_machine(run):
    assert "QK on Array2D\n" in run("show", "heads/mla:decode_absorbed", "fusemax_cloud").out
