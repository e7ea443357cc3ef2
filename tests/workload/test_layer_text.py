from accelsim.workload.layer_text import experts_text, network_text, norm_lines, rotation_line
from accelsim.workload.model_load import load_model


def test_a_norm_and_a_rotation_are_over_the_last_index():
    assert norm_lines("N", "X", "b,p,d", "G") == (
        "MN[b,p] += square(X[b,p,d]) / D",
        "N[b,p,d] = X[b,p,d] * rsqrt(MN[b,p] + 1e-6) * G[d]",
    )
    assert rotation_line("Q", "U", "b,h,p,e") == (
        "Q[b,h,p,e] = U[b,h,p,e] * TC[p,e] + U[b,h,p,(e + E2) % E] * TS[p,e]"
    )


def test_words_and_sizes_are_those_of_the_model():
    model = load_model("deepseek_v3")
    sizes = {"B": 2, "P": 1, "D": model.hidden}
    experts = experts_text(model, model.divided(8)).cascade(sizes, model)
    assert experts.ranks["S"] == experts.ranks["Z"] == 256
    assert {name: experts.tensors[name].word_bytes for name in ("WG", "WR", "IK", "N2")} == {
        "WG": 1,
        "WR": 2,
        "IK": 4,
        "N2": 2,
    }
    assert network_text(model, model.divided(8)).ranks["S"] == 18432 // 8
