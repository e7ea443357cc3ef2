"""Small results on disk, with numbers to check by hand."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from accelsim.report.html.write import report_html
from accelsim.study.provenance import write_provenance

SCRIPT = "<script>alert('x')</script>"


def _designs() -> pd.DataFrame:
    """Latency falls with PEs and with the buffer, area grows with both: 3 x 4 designs of 2
    configs."""
    return pd.DataFrame(
        [
            {
                "config": config,
                "pes": pes,
                "capacity": f"{mebibytes} MiB",
                "latency_s": slow / pes + 1 / mebibytes,
                "area_um2": pes * 1e6 + mebibytes * 2e6,
                "bound": "DRAM" if mebibytes < 4 else "compute",
            }
            for config, slow in (("flat", 200.0), (SCRIPT, 100.0))
            for pes in (16, 32, 64, 128)
            for mebibytes in (1, 4, 16)
        ]
    )


@pytest.fixture(scope="session")
def designs() -> pd.DataFrame:
    return _designs()


def _write(
    folder: Path, tables: Mapping[str, pd.DataFrame], told: Mapping[str, Any] | None
) -> Path:
    folder.mkdir()
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    if told is not None:
        write_provenance(told, folder)
    return folder


@pytest.fixture
def results(tmp_path: Path) -> Callable[..., Path]:
    """A folder with tables as CSV, and provenance if there is one."""
    return lambda tables, told=None: _write(tmp_path / "made", tables, told)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, told: dict[str, Any]) -> Path:
    """The folder of the designs, with provenance."""
    return _write(tmp_path_factory.mktemp("results") / "made", {"designs": _designs()}, told)


@pytest.fixture(scope="session")
def text(made: Path) -> str:
    """Its report."""
    return report_html(made)


@pytest.fixture(scope="session")
def told() -> dict[str, Any]:
    """Provenance of one machine with a setting, and a question that would be a script."""
    quantities = {
        "clock": {"value": 10**9, "unit": "Hz", "source": "datasheet, p. 3"},
        "memories.DRAM.bandwidth": {"value": 2e12, "unit": "B/s", "source": "a setting"},
        "memories.DRAM.kind": {"value": "HBM", "source": "datasheet, p. 4"},
    }
    machine = {"kind": "Gpu", "sha256": "0", "quantities": quantities, "yaml": "clock: 1 GHz\n"}
    return {
        "accelsim": "0.1.0",
        "sha256": "77",
        "inputs": {"mine": machine},
        "question": f"How large? {SCRIPT}",
        "source": "made up",
    }
