"""What the rows of a sweep depend on."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from accelsim.study.content import content
from accelsim.study.runner import Runner
from accelsim.study.study import Study, tables_of

Load = Callable[..., Study]


def content_of(study: Study, fixed: Mapping[str, str | int] | None = None) -> str:
    (table,) = tables_of(study)
    return content(Runner(study, {**study.set, **(fixed or {})}), table)


def test_axes_are_not_part_of_it(load: Load) -> None:
    """So a sweep of more values takes the rows of a smaller one."""
    few, more = (f"vary: {{workload.ranks.M: [{values}]}}" for values in ("8", "8, 16"))
    assert content_of(load(few)) == content_of(load(more)) == content_of(load())


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("scale", "A[m] * B[m]", "A[m] + B[m]"),
        ("machine", "10 pJ/B", "11 pJ/B"),
        ("mapping", "{columns: {M: Array.columns}}", "{columns: {M: 1}}"),
    ],
)
def test_what_the_files_say_is(load: Load, folder: Path, name: str, old: str, new: str) -> None:
    before = content_of(load())
    file = folder / f"{name}.yaml"
    file.write_text(file.read_text().replace(old, new))
    assert content_of(load()) != before


def test_settings_are_and_where_the_files_lie_is_not(load: Load, folder: Path) -> None:
    study = load()
    assert content_of(study, {"arch.clock": "2 GHz"}) != content_of(study)
    assert content_of(study, {"workload.ranks.M": 9}) != content_of(study)
    assert str(folder) not in content_of(study)
