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
        "there is no workload, machine, system, mapping or space 'fusemax_clod'. "
        "Did you mean 'fusemax_cloud'?\n",
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


def test_a_system_is_shown_with_what_each_device_has_and_costs(run):
    out = run("show", "lamina_2h100_4h20").out
    assert "H100: 2 x h100_sxm, role model\n" in out
    assert "H20: 4 x h20, role attention, kernels of cudnn\n" in out
    # Lamina v2, table 1.
    assert "each 96 GB, 4 TB/s, 148 TFLOPS, 400 W, 4.63 USD/h\n" in out
    assert "rdma: H100 - H20, 45.7 GB/s, latency 16.5 us, 60 pJ/bit\n" in out
    assert "model: 1 replica on 2 H100 (tensor 2, pipeline 1, context 1, expert 1)\n" in out
    # 2 x 700 + 4 x 400 W.
    assert out.endswith("total: 40.64 USD/h, 3 kW at most\n")


def test_a_machine_whose_power_nobody_says_is_left_out_of_the_total(run):
    out = run("show", "h100_fusemax").out
    assert "each 16 GB, 400 GiB/s, 123.7 TFLOPS, power not given, 1.00 USD/h\n" in out
    assert "  with memories.DRAM.capacity = 16 GB\n" in out
    assert out.endswith("700 W at most, FuseMax not counted\n")


def test_a_system_of_one_kind_says_where_its_prompts_go(run):
    assert (
        "prompts: on 2 Prefill, in chunks of 8192 tokens\n" in run("show", "h100_prefill_apart").out
    )
    out = run("show", "eight_h100").out
    assert "model: 2 replicas on 8 H100 (tensor 4, " in out
    assert "prompts: beside decoding, in chunks of 2048 tokens\n" in out
    assert "attention: on" not in out


def test_a_system_is_shown_to_scripts_in_house_units(run):
    shown = json.loads(run("show", "lamina_2h100_4h20", "--json").out)
    assert (shown["kind"], shown["usd_per_hour"], shown["power_w"]) == ("system", 40.64, 3000)
    assert [device["count"] for device in shown["devices"]] == [2, 4]
    assert shown["devices"][1]["memory_bytes"] == 96e9
    assert shown["links"][1]["bandwidth_bytes_per_s"] == 45.7e9
    assert shown["parallel"]["tensor"] == 2


def test_settings_reach_a_system(run):
    out = run("show", "vllm_4h100", "--set", "devices.H100.price=3.99 USD/h").out
    assert "total: 15.96 USD/h" in out
    rules = ("--set", "memory.reserve=2 GB", "--set", "serving.overhead=1 ms")
    out = run("show", "vllm_4h100", *rules, "--set", "links.nvlink.shared=true").out
    assert "90% usable, 1.863 GiB kept free" in out
    assert "1 ms of the host" in out and "shared by all" in out


def test_a_setting_that_breaks_a_system_is_refused(run):
    ended = run("show", "vllm_4h100", "--set", "parallel.tensor=3")
    assert (ended.status, ended.out) == (2, "")
    assert "4 H100 do not divide into replicas of 3. A replica is" in ended.err


def test_a_gpu_without_tensor_cores_is_shown_in_a_system(run, tmp_path):
    file = tmp_path / "old.yaml"
    file.write_text(
        "about: Old.\nsource: made up\ndevices:\n- {name: P40, machine: p40, role: both}\n"
    )
    # 30 SMs x 128 lanes x 2 FLOP x 1531 MHz.
    assert "11.76 TFLOPS" in run("show", str(file)).out


def test_a_system_is_not_evaluated_as_a_machine(run):
    ended = run("evaluate", "attention/one_pass", "vllm_2h100")
    assert ended.status == 2
    assert ended.err.endswith(
        "this is a system of machines, not a machine. "
        "A system serves models: `accelsim explain llama3_70b eight_h100`\n"
    )
