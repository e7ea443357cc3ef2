"""Small tables with numbers to check by hand."""

from itertools import product

import pandas as pd
import pytest

from accelsim.base.catalogue import find
from accelsim.report.spec import load_figures

CONFIGS = {"unfused": 8.0, "flat": 4.0, "cascade": 5.0, "architecture": 2.0, "binding": 1.0}
MODELS = {"BERT": 1.0, "TrXL": 2.0, "T5": 0.5, "XLM": 4.0}
LENGTHS = (1024, 4096, 16384, 65536, 262144, 1048576)
ARRAYS = (16, 32, 64, 128, 256, 512)
SCOPES = {"attention": 1.0, "end_to_end": 1.5}


@pytest.fixture(scope="session")
def figures():
    """The seven figures of the FuseMax paper."""
    return load_figures(find("fusemax", "studies"))


@pytest.fixture
def results():
    """latency_s = config x model x length / 1024 x scope; energy half of a hundred times that;
    utilization 0.1 x (9 - config) of the 2-D array and half of the 1-D array."""
    return pd.DataFrame(
        [
            {
                "config": config,
                "scope": scope,
                "model": model,
                "seq_len": length,
                "traffic_bytes": length * 100.0,
                "latency_s": slow * big * length / 1024 * more,
                "energy_pj": 50 * slow * big * length / 1024 * more,
                "energy_full_pj": 60 * slow * big * length / 1024 * more,
                "util_2d": 0.1 * (9 - slow),
                "util_1d": 0.5,
            }
            for (config, slow), (scope, more), (model, big), length in product(
                CONFIGS.items(), SCOPES.items(), MODELS.items(), LENGTHS
            )
        ]
    )


@pytest.fixture
def einsums():
    """QK takes 20 % and the second product 30 % of the 2-D array's time, SLN 10 % where it is."""
    rows = []
    for config, model, length in product(CONFIGS, MODELS, LENGTHS):
        second = "AV" if config in ("unfused", "flat") else "SLNV"
        shares = {"QK": 0.2, second: 0.3} | ({"SLN": 0.1} if config == "binding" else {})
        rows += [
            {
                "config": config,
                "model": model,
                "seq_len": length,
                "einsum": einsum,
                "array": "Array2D",
                "utilization": share,
            }
            for einsum, share in shares.items()
        ]
    return pd.DataFrame(rows)


@pytest.fixture
def pareto():
    """Twice the array is four times the area and a quarter of the time."""
    return pd.DataFrame(
        [
            {
                "model": model,
                "pe_dim": dim,
                "latency_s": 1000 * big * (16 / dim) ** 2,
                "area_um2": 5e6 * (dim / 16) ** 2,
            }
            for (model, big), dim in product(MODELS.items(), ARRAYS)
        ]
    )


@pytest.fixture
def frames(results, einsums, pareto):
    return {"results": results, "einsums": einsums, "pareto": pareto}


@pytest.fixture
def spec_of(figures):
    """A FuseMax figure by the start of its name."""
    return lambda start: next(f for f in figures.figures if f.name.startswith(start))
