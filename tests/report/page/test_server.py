"""The page's address: who may ask, and what its links download."""

import pytest

from accelsim.base.catalogue import find
from accelsim.report.page.choices import offered
from accelsim.report.page.question import loaded, workload_question
from accelsim.report.page.server import application
from accelsim.report.page.state import MachineState, State
from accelsim.workload.load import load_workload


@pytest.fixture(scope="module")
def client():
    start = State("attention/one_pass", (MachineState("fusemax_cloud"),))
    return application(offered(), start).server.test_client()


def test_only_this_computers_names_are_answered(client):
    assert client.get("/", headers={"Host": "127.0.0.1:8050"}).status_code == 200
    assert client.get("/", headers={"Host": "localhost:8050"}).status_code == 200
    assert client.get("/", headers={"Host": "attacker.example"}).status_code == 403


def test_nothing_on_the_page_comes_from_elsewhere(client):
    text = client.get("/").get_data(as_text=True)
    assert "/assets/style.css" in text
    assert 'src="http' not in text and 'href="http' not in text


def test_links_download_the_table_and_the_machine(client):
    table = client.get("/table.csv?workload=attention/one_pass&a=fusemax_cloud&b=tpu_v4i")
    assert table.headers["Content-Disposition"] == 'attachment; filename="accelsim.csv"'
    assert "tpu_v4i" in table.get_data(as_text=True)
    yaml = client.get("/machine.yaml?side=b&a=fusemax_cloud&b=tpu_v4i&b.clock=1 GHz")
    assert yaml.headers["Content-Disposition"] == 'attachment; filename="tpu_v4i.yaml"'
    assert "clock: 1 GHz" in yaml.get_data(as_text=True)
    assert client.get("/machine.yaml?side=b&a=fusemax_cloud").status_code == 404
    assert client.get("/machine.yaml?side=../x&a=fusemax_cloud").status_code == 404


def test_the_commands_are_a_script_of_what_is_shown(client):
    query = "workload=heads/grouped&form=decode&a=h100_sxm&b=fusemax_cloud&context=2K&tiles=4"
    script = client.get(f"/commands.sh?{query}")
    assert script.headers["Content-Disposition"] == 'attachment; filename="accelsim.sh"'
    lines = script.get_data(as_text=True).splitlines()
    assert [line.split()[1] for line in lines[2:]] == [
        "evaluate", "explain", "evaluate", "explain", "simulate"
    ]  # fmt: skip
    assert all(
        line.startswith("accelsim ") and "heads/grouped:decode" in line for line in lines[2:]
    )
    assert lines[-1].endswith("--tiles 4")


@pytest.mark.parametrize(
    "query",
    [
        "workload=attention/one_pass&context=8K&batch=2",
        "workload=attention/one_pass&model=bert",
        "workload=heads/mla&form=decode_absorbed&model=deepseek_v2_lite&context=4K",
        "workload=heads/grouped&form=decode&model=llama3_8b",
    ],
)
def test_the_yaml_of_a_workload_is_that_workload(client, query, state_of, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(client.get(f"/workload.yaml?{query}").get_data(as_text=True))
    mine, own = load_workload(str(file)), loaded(workload_question(state_of(query)))
    assert mine.einsums == own.einsums and mine.tensors == own.tensors
    assert dict(mine.ranks) == dict(own.ranks)


def test_the_yaml_of_a_whole_model_is_the_shipped_one(client):
    text = client.get("/workload.yaml?workload=whole_model&model=qwen3_8b&a=eight_h100")
    assert text.get_data(as_text=True) == find("qwen3_8b", "models").read_text()


def test_no_file_is_read_that_a_link_names(client):
    yaml = client.get("/machine.yaml?side=a&a=/etc/passwd.yaml").get_data(as_text=True)
    assert "FuseMax" in yaml
