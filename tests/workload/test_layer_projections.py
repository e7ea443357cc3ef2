from accelsim.workload.layer_projections import grouped_projections, latent_projections
from accelsim.workload.model_load import load_model


def test_what_is_appended_to_a_cache_has_other_names():
    model = load_model("qwen3_8b")
    whole, later = (grouped_projections(model, model.divided(1), each) for each in (False, True))
    assert list(whole.outputs) == ["Q", "K", "V"]
    assert list(later.outputs) == ["Q", "KN", "VN"]
    assert whole.weights == later.weights == ("WQ", "WK", "WV", "G1", "GQ", "GK")


def test_queries_have_a_latent_or_none():
    lite, large = load_model("deepseek_v2_lite"), load_model("deepseek_v3")
    of_lite = latent_projections(lite, lite.mla, lite.divided(1), False)
    of_large = latent_projections(large, large.mla, large.divided(1), True)
    assert of_lite.matrices["WUQ"] == ("H", "D", "E")
    assert of_large.matrices["WUQ"] == ("H", "L", "E")
    assert "L" not in of_lite.ranks
    assert list(of_large.outputs) == ["Q", "QR", "CKVN", "KRN"]
