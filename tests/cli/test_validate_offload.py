"""`accelsim validate offload`, as a user calls it."""

import json

import pytest

HEAD = "kernel,params,ms,min_ms,parts,error\n"


def layer(place, ms, error=""):
    params = f'{{""model"": ""llama3_8b"", ""b"": 1, ""m"": 1024, ""place"": ""{place}""}}'
    return f'decode_layer,"{params}",{ms},{ms},,{error}\n'


@pytest.fixture
def measured(tmp_path):
    def written(*rows, head=HEAD):
        file = tmp_path / "measured.csv"
        file.write_text(head + "".join(rows))
        return str(file)

    return written


def test_the_shipped_rows_meet_the_target(run):
    ended = run("validate", "offload")
    assert ended.status == 0
    assert "96 layers and 40 times of copies and messages are compared; 0 unsteady" in ended.out
    assert ended.out.count("target met: ") == 2


def test_it_fails_where_the_target_is_missed_and_writes_what_it_found(run, measured, tmp_path):
    file = measured(layer("one", 0.15), layer("apart", 0.3))
    ended = run("validate", "offload", "--measured", file, "--out", str(tmp_path / "out"))
    assert ended.status == 1
    assert "target met: one" in ended.out and "target missed: apart: mean 4" in ended.out
    figures = ["agreement.png", "agreement.svg", "extra.png", "extra.svg"]
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == sorted(["errors.csv", "predicted.csv", *figures])


def test_json_has_errors_extras_and_what_was_left_out(run, measured):
    file = measured(layer("one", 0.15), layer("apart", 0.16), layer("one", "", "does not fit"))
    ended = run("validate", "offload", "--measured", file, "--json")
    said = json.loads(ended.out)
    assert ended.status == 0 and said["layers"] == 2 and len(said["left_out"]) == 1
    assert said["extra"][0]["measured_ms"] == pytest.approx(0.01)
    assert said["errors"]["layers"]["one"]["rows"] == 1


def test_a_place_without_rows_is_not_judged(run, measured):
    ended = run("validate", "offload", "--measured", measured(layer("one", 0.15)))
    assert ended.status == 0 and "not judged, for want of rows: apart" in ended.out


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ((), "no steady layer was measured"),
        ((layer("one", "", "does not fit"),), "no steady layer was measured"),
        ((layer("one", "fast"),), ":2: ms 'fast' is no number"),
        ((layer("two", 1),), ":2: "),
    ],
)
def test_bad_measurements_are_one_message_and_leave_no_file(run, measured, tmp_path, rows, words):
    out = tmp_path / "out"
    ended = run("validate", "offload", "--measured", measured(*rows), "--out", str(out))
    assert ended.status == 2 and words in ended.err and ended.err.count("\n") == 1
    assert not out.exists()


def test_a_system_without_attention_workers_is_refused(run):
    ended = run("validate", "offload", "--system", "vllm_2h100")
    assert ended.status == 2 and "no attention worker" in ended.err


def test_what_to_validate_is_asked_for(run):
    assert run("validate").err == "nothing to validate is named. Say gpu, offload or published\n"
    assert run("validate").status == 2
