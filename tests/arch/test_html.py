from accelsim import load_arch, load_gpu, with_values
from accelsim.arch.load_system import load_system


def test_a_machine_is_a_table_of_its_parts():
    page = load_arch("fusemax_cloud")._repr_html_()
    for text in ("DRAM", "GlobalBuffer", "16 MiB", "400 GiB/s", "65,536", "256 x 256", "940 MHz"):
        assert text in page
    page = load_gpu("h100_sxm")._repr_html_()
    assert all(text in page for text in ("HBM", "L2", "132", "wgmma", "4,096"))
    page = load_system("lamina_2h100_4h20")._repr_html_()
    assert all(text in page for text in ("H100", "h20", "rdma", "11.06 USD/h"))


def test_its_text_is_escaped():
    page = load_arch("fusemax_cloud").model_copy(update={"about": "<img src=x>"})._repr_html_()
    assert "&lt;img src=x&gt;" in page and "<img" not in page


def test_a_machine_of_a_sweep_shows_both_ends():
    import numpy as np

    arch = with_values(load_arch("fusemax_cloud"), {"clock": np.array([5e8, 1e9])})
    assert "500 MHz to 1 GHz" in arch._repr_html_()
