"""The page's address: who may ask, and what its links download."""

import pytest

from accelsim.report.page.choices import offered
from accelsim.report.page.server import application
from accelsim.report.page.state import MachineState, State


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


def test_no_file_is_read_that_a_link_names(client):
    yaml = client.get("/machine.yaml?side=a&a=/etc/passwd.yaml").get_data(as_text=True)
    assert "FuseMax" in yaml
