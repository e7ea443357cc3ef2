import pytest

from accelsim.base.catalogue import shipped
from accelsim.report.html.status import FILE, NOTHING, machines_of, rows_of, status_of
from accelsim.study.table import Table

HEAD = "machine,of,family,rows,mean_percent,p95_percent,bias_percent,note,command,date\n"


@pytest.fixture
def file(tmp_path):
    found = tmp_path / "status.csv"
    found.write_text(
        HEAD
        + "mine,calls,GEMM,90,4.22,12.5,-0.1,,accelsim validate gpu,2026-01-02\n"
        + "mine,calls,all,400,7.04,13.9,-0.4,,accelsim validate gpu,2026-01-02\n"
        + "mine,layers,one,48,4.8,13.6,1.1,Of a host.,accelsim validate offload,2026-01-03\n",
        encoding="utf-8",
    )
    return found


def test_a_machine_says_what_it_was_held_against(file, told):
    (found,) = status_of(told, {}, file)
    assert found.machines == "mine"
    assert list(found.said) == [
        "7 % mean error on 400 calls, 95 % within 14 %: GEMM 4.2 % (90)."
        " By `accelsim validate gpu`, 2026-01-02.",
        "Mean error on layers: one 4.8 % (48). Of a host."
        " By `accelsim validate offload`, 2026-01-03.",
    ]


def test_a_machine_without_validation_says_so(file):
    told = {"inputs": {"other.yaml": {"kind": "Spatial"}, "BERT": {"kind": "dict"}}}
    (found,) = status_of(told, {}, file)
    assert (found.machines, list(found.said)) == ("other", [NOTHING])


def test_machines_of_which_the_same_is_known_stand_together(file):
    told = {"inputs": {"a": {"kind": "Spatial"}, "mine": {"kind": "Gpu"}, "b": {"kind": "Gpu"}}}
    assert [each.machines for each in status_of(told, {}, file)] == ["a, b", "mine"]


def test_a_shipped_machine_in_a_column_that_nobody_measured_says_so(file):
    table = Table.of({"machine": ["b200_sxm"], "latency_s": [1.0]})
    (found,) = status_of({}, {"t": table}, file)
    assert (found.machines, list(found.said)) == ("b200_sxm", [NOTHING])


def test_machines_are_found_in_columns_too():
    table = Table.of({"machine": ["mine", "unknown", "mine"], "latency_s": [1.0, 2.0, 3.0]})
    assert machines_of({}, {"t": table}, {"mine"}) == ["mine"]


def test_what_is_shipped_has_the_columns():
    found = rows_of(shipped() / FILE)
    assert found
    assert ",".join(found[0]) + "\n" == HEAD
    assert all(float(row["mean_percent"]) >= 0 and int(row["rows"]) > 0 for row in found)


def test_devices_of_a_system_are_their_machines(file):
    system = {
        "kind": "System",
        "quantities": {"devices.H.machine": {"value": "mine"}, "devices.H.count": {"value": 8}},
    }
    told = {"inputs": {"eight": system, "H": {"kind": "Gpu"}}}
    assert [each.machines for each in status_of(told, {}, file)] == ["eight", "mine"]
