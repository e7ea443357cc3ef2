"""Arch YAML of a GPU → machine: the file is read over the calibration that it names."""

from collections.abc import Mapping
from pathlib import Path

from accelsim.arch.calibrated import calibrated
from accelsim.arch.gpu import Gpu
from accelsim.base.catalogue import find
from accelsim.base.errors import ArchError
from accelsim.base.record import read_record
from accelsim.base.setting import Value, with_settings
from accelsim.base.yamlfile import Node, read_yaml


def load_gpu(name_or_path: str | Path, overrides: Mapping[str, Value] | None = None) -> Gpu:
    """`load_gpu("h100_sxm", {"memories.HBM.bandwidth": "4800 GB/s"})`."""
    node = read_yaml(find(name_or_path, "arch"))
    if "sms" not in node:
        fact = "this is no GPU; it has no 'sms'"
        raise ArchError(
            fact, at=node.place, remedy="`accelsim list machines` shows what is shipped"
        )
    return read_gpu(node, overrides)


def read_gpu(node: Node, overrides: Mapping[str, Value] | None = None) -> Gpu:
    return read_record(with_settings(calibrated(node), Gpu, overrides or {}), Gpu)
