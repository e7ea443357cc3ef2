"""A Mapping as YAML that `load_mapping` reads back as the same mapping."""

from pathlib import Path

from accelsim.base.files import atomic_write
from accelsim.base.yamlfile import yaml_text
from accelsim.mapping.mapping import Mapping


def mapping_text(mapping: Mapping) -> str:
    """Only what it says: keys at their defaults are left out."""
    return yaml_text(
        mapping.model_dump(mode="json", exclude_defaults=True) | {"machine": "spatial"}
    )


def save_mapping(mapping: Mapping, path: str | Path) -> Path:
    return atomic_write(path, mapping_text(mapping))
