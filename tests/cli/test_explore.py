"""`accelsim explore` before it serves: what is bad is said in a line."""

import socket
from importlib import util


def test_a_bad_name_is_said_before_anything_is_served(run):
    ended = run("explore", "attention/one_pass", "h100_sxn")
    assert ended.status == 2 and ended.out == ""
    assert "Did you mean 'h100_sxm'?" in ended.err
    assert run("explore", "attention/one_paas").status == 2


def test_a_port_that_is_taken_is_refused(run):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = run("explore", "--no-browser", "--port", port)
    assert ended.status == 2
    assert f"port {port} of 127.0.0.1 cannot be had" in ended.err
    assert "--port" in ended.err


def test_without_dash_the_remedy_is_named(run, monkeypatch):
    monkeypatch.setattr("accelsim.cli.explore.find_spec", lambda name: None)
    ended = run("explore")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err == "the page needs dash. Do `pip install 'accelsim[explore]'`\n"
    assert util.find_spec("dash") is not None


def test_what_does_not_go_together_is_said_with_what_does(run):
    ended = run("explore", "attention/one_pass", "vllm_2h100")
    assert ended.status == 2
    assert "vllm_2h100 is a system, and attention/one_pass is no model" in ended.err
    ended = run("explore", "llama3_70", "vllm_2h100")
    assert ended.status == 2 and "Did you mean 'llama3_70b'?" in ended.err
    ended = run("explore", "llama3_8b", "h100_sxm")
    assert ended.status == 2
    assert "h100_sxm is no system. Name a system: accelsim explore llama3_8b" in ended.err
    ended = run("explore", "vllm_2h100")
    assert ended.status == 2
    assert "A model goes before it: accelsim explore llama3_8b vllm_2h100" in ended.err
