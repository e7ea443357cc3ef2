"""Model YAML → Model, by the name of a shipped one or from a file."""

from collections.abc import Mapping
from pathlib import Path

from accelsim.base.catalogue import find
from accelsim.base.record import read_record, refuse_another_kind
from accelsim.base.setting import Value, with_settings
from accelsim.base.yamlfile import Node, read_yaml
from accelsim.workload.model import Model


def load_model(name_or_path: str | Path, overrides: Mapping[str, Value] | None = None) -> Model:
    """`load_model("llama3-70b", {"kv": "8 bit"})`; a model without a name has its file's.

    Raises
    ------
    CatalogueError
        if there is no such model and no such file.
    RecordError, YamlError
        if the file, or a setting, is not what a model has: file, line, remedy.
    """
    path = find(name_or_path, "models")
    return read_model(read_yaml(path), path.stem, overrides or {})


def read_model(node: Node, name: str, overrides: Mapping[str, Value]) -> Model:
    refuse_another_kind(node, Model, "vocabulary")
    model = read_record(with_settings(node, Model, overrides), Model)
    return model if model.name else model.model_copy(update={"name": name})
