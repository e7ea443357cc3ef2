import json

import numpy as np
import pytest

SMALL = [f"ranks.{rank}={size}" for rank, size in dict(B=1, H=2, P=5, M=8, M0=4, E=3, F=4).items()]
SETTINGS = [word for setting in SMALL for word in ("--set", setting)]


@pytest.fixture
def files(tmp_path):
    random = np.random.default_rng(0)
    inputs = {
        "Q": random.normal(size=(1, 2, 5, 3)),
        "K": random.normal(size=(1, 2, 8, 3)),
        "V": random.normal(size=(1, 2, 8, 4)),
    }
    np.savez(tmp_path / "in.npz", **inputs)
    return inputs, str(tmp_path / "in.npz"), str(tmp_path / "out.npz")


def test_one_pass_attention_is_softmax_of_the_scores_times_v(run, files):
    arrays, inputs, out = files
    ended = run(
        "interpret", "attention/one_pass", "--inputs", inputs, "--out", out, *SETTINGS, "--json"
    )
    assert json.loads(ended.out) == {"file": out, "tensors": {"AV": [1, 2, 5, 4]}}
    weights = np.exp(np.einsum("bhpe,bhme->bhpm", arrays["Q"], arrays["K"]))
    weights /= weights.sum(axis=-1, keepdims=True)
    expected = np.einsum("bhpm,bhmf->bhpf", weights, arrays["V"])
    assert np.load(out)["AV"] == pytest.approx(expected, rel=1e-12)


def test_other_tensors_are_written_on_request(run, files):
    _, inputs, out = files
    run(
        "interpret",
        "attention/one_pass",
        "--inputs",
        inputs,
        "--out",
        out,
        "--keep",
        "LM",
        *SETTINGS,
    )
    assert sorted(np.load(out)) == ["AV", "LM"]


def test_a_missing_and_a_broken_input_file_are_named(run, files, tmp_path):
    _, _, out = files
    arguments = ["interpret", "attention/one_pass", "--out", out, "--inputs"]
    assert run(*arguments, "none.npz").err == "none.npz: no such file\n"
    broken = tmp_path / "broken.npz"
    broken.write_text("text")
    assert f"{broken}: not an .npz of arrays" in run(*arguments, str(broken)).err


def test_a_wrong_shape_leaves_no_output(run, files, tmp_path):
    _, inputs, out = files
    ended = run("interpret", "attention/one_pass", "--inputs", inputs, "--out", out)
    assert ended.status == 2
    assert not (tmp_path / "out.npz").exists()


def test_an_output_that_cannot_be_written_is_named(run, files):
    _, inputs, _ = files
    out = f"{inputs}/out.npz"
    ended = run("interpret", "attention/one_pass", "--inputs", inputs, "--out", out, *SETTINGS)
    assert (ended.status, "cannot be written" in ended.err) == (2, True)


def test_a_single_array_is_no_npz(run, files, tmp_path):
    arrays, _, out = files
    np.save(tmp_path / "q.npy", arrays["Q"])
    ended = run("interpret", "one_pass", "--inputs", str(tmp_path / "q.npy"), "--out", out)
    assert ended.status == 2
    assert "q.npy: not an .npz of arrays; write it with numpy.savez" in ended.err
