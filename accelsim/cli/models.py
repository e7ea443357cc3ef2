"""A model's name on the command line → the model."""

from collections.abc import Mapping

from accelsim.workload.model import Model
from accelsim.workload.model_load import load_model


def load_any_model(name: str, settings: Mapping[str, str]) -> Model:
    """A shipped model, a YAML file like those, or a `config.json`."""
    if not name.endswith(".json"):
        return load_model(name, settings)
    # Only who brings such a file pays for its reader.
    from accelsim.interop.huggingface import read_config

    return read_config(name, settings)
