"""summary.md: what a study asked, what came out, and how it compares with what others published.

    question, and a sentence on how many published numbers agree
    headlines         numbers that a paper prints: ours, published, error, verdict
    beside            the same by another formula, where a claim has one
    other numbers     published in tables, files and figures
    inferred          numbers of ours that came from what was published, and what did not
    digests           tables that the study asks for
    files, sources

The same tables give the same text.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from accelsim.base.units import format_count
from accelsim.study.formula import Aligned, aligned, values_of
from accelsim.study.study import Digest, Study
from accelsim.study.table import Table, as_table
from accelsim.validation.compare import AGREES, DIFFERS, NOT_RUN
from accelsim.validation.published import Published

Row = Mapping[str, Any]


def summary_markdown(
    study: Study,
    tables: Mapping[str, Any],
    comparison: Table,
    files: Iterable[str | Path],
    published: Iterable[Published] = (),
) -> str:
    """The summary of a run as Markdown; `tables` are ours or pandas frames.

    `published` are the papers that the comparison is with.
    """
    rows = as_table(comparison).rows()
    sections = [
        f"# {study.question}",
        verdicts(rows),
        *_headlines(rows),
        *_beside(rows),
        *_others(rows),
        *_explanations(rows),
        *_inferred(published),
        *(_digest(digest, study, tables) for digest in study.summary),
        *_files(files),
        *_sources(study, rows),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def verdicts(rows: Sequence[Row]) -> str:
    """`27 of 28 published numbers agree within their tolerance; 1 differs for a known reason.`"""
    if not rows:
        return "Nothing published is held against this study."
    run = [row for row in rows if row["verdict"] != NOT_RUN]
    if not run:
        return f"None of {len(rows)} published numbers is over points that were run."
    differing = [row for row in run if row["verdict"] == DIFFERS]
    known = sum(bool(row["explanation"]) for row in differing)
    told = [f"{len(run) - len(differing)} of {len(run)} published numbers agree"]
    if known:
        told.append(f"{known} differ{'s' * (known == 1)} for a known reason")
    if len(differing) > known:
        told.append(f"{len(differing) - known} without one")
    if len(run) < len(rows):
        told.append(f"{len(rows) - len(run)} need points that were not run")
    return "; ".join(told) + "."


def _headlines(rows: Sequence[Row]) -> Iterable[str]:
    printed = [row for row in rows if row["printed"]]
    if printed:
        yield "## Headlines"
        head = ("", "printed", "published", "ours", "error", "tolerance", "verdict")
        yield markdown_table(
            head, [(_title(row), row["printed"], *_judged(row)) for row in printed]
        )


def _beside(rows: Sequence[Row]) -> Iterable[str]:
    """Claims that have another formula, a table for each kind of it."""
    for label in dict.fromkeys(row["beside"] for row in rows if row["beside"]):
        own = [row for row in rows if row["beside"] == label and row["verdict"] != NOT_RUN]
        if own:
            yield f"## With {label}"
            head = ("", "published", "ours, counted alike", f"ours, {label}")
            yield markdown_table(
                head,
                [
                    (
                        _title(row),
                        *map(_number, (row["published"], row["ours"], row["ours_beside"])),
                    )
                    for row in own
                ],
            )


def _others(rows: Sequence[Row]) -> Iterable[str]:
    others = [row for row in rows if not row["printed"]]
    if others:
        yield "## Other published numbers"
        head = ("", "published", "ours", "error", "tolerance", "verdict")
        yield markdown_table(head, [(_title(row), *_judged(row)) for row in others])


def _explanations(rows: Sequence[Row]) -> Iterable[str]:
    told = [row for row in rows if row["verdict"] == DIFFERS and row["explanation"]]
    if told:
        yield "\n".join(f"- *{_title(row)}* differs: {row['explanation']}" for row in told)


def _inferred(published: Iterable[Published]) -> Iterable[str]:
    """Agreement by construction, and independent checks."""
    for paper in published:
        if paper.constants:
            yield f"## Inferred from {paper.name}'s published numbers"
            yield "Rows that these inform agree with them in part by construction."
            head = ("ours", "where", "value", "inferred from")
            yield markdown_table(
                head,
                [
                    (c.name, f"{c.file}: {c.path}", str(c.value), c.inferred_from)
                    for c in paper.constants
                ],
            )
        if paper.judged:
            yield "Nothing was inferred from:"
            yield "\n".join(f"- {text}" for text in paper.judged)


def _files(files: Iterable[str | Path]) -> Iterable[str]:
    names = [Path(file).name for file in files]
    if names:
        yield "## Files"
        yield "\n".join(f"- {name}" for name in names)


def _sources(study: Study, rows: Sequence[Row]) -> Iterable[str]:
    told = [study.source, *(row["source"] for row in rows)]
    counted = [
        f"energy `{name}`: {each.why}" for name, each in study.accounting.items() if each.why
    ]
    sources = list(dict.fromkeys(text for text in (*told, *counted) if text))
    if sources:
        yield "## Sources"
        yield "\n".join(f"- {source}" for source in sources)


def _title(row: Row) -> str:
    return str(row["name"]).replace("_", " ")


def _judged(row: Row) -> tuple[str, ...]:
    ours = "" if row["verdict"] == NOT_RUN else _number(row["ours"])
    verdict = row["verdict"] if row["verdict"] == AGREES else f"**{row['verdict']}**"
    return _number(row["published"]), ours, _error(row), row["tolerance"], verdict


def _error(row: Row) -> str:
    if row["verdict"] == NOT_RUN:
        return ""
    relative = "%" in row["tolerance"]
    return f"{row['error'] * 100:+.2f} %" if relative else f"{row['error']:+.4f}"


def _number(value: float) -> str:
    return f"{value:.4g}"


# --- digests --------------------------------------------------------------------------------------


def _digest(digest: Digest, study: Study, tables: Mapping[str, Any]) -> str:
    """A row for each first value of the points and series, a column for each second, their mean."""
    if digest.over.table not in tables:
        return ""
    rows = aligned(as_table(tables[digest.over.table]), digest.over)
    if not rows.points:
        return ""
    first = digest.over.points[0]
    across = list(dict.fromkeys(point[1] for point in rows.points))
    head = (first, digest.over.series or "", *(format_count(value) for value in across), "mean")
    lines = [
        (_label(study, first, value), _label(study, digest.over.series, series), *cells)
        for value in dict.fromkeys(point[0] for point in rows.points)
        for series in rows.series
        for cells in [_cells(digest, rows, series, [(value, other) for other in across])]
        if cells
    ]
    return f"## {digest.title}\n\n{markdown_table(head, lines)}"


def _cells(
    digest: Digest, rows: Aligned, series: Any, points: list[tuple[Any, ...]]
) -> tuple[str, ...]:
    """One line's numbers; none where the formula is 1 throughout: a series over itself."""
    values = values_of(digest.of, rows, points, own=series)
    if np.isnan(values).all() or np.all(values == 1):
        return ()
    numbers = (*values.tolist(), float(np.nanmean(values)))
    return tuple("" if np.isnan(n) else f"{n:.{digest.digits}g}" for n in numbers)


def _label(study: Study, column: str | None, value: Any) -> str:
    look = study.names.get(column or "", {}).get(str(value), value)
    return str(look["label"] if isinstance(look, Mapping) else look)


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Text to the left, numbers to the right."""
    lines = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    numeric = [all(_is_number(row[i]) for row in lines) for i in range(len(head))]
    rule = ["---:" if right else "---" for right in numeric]
    return "\n".join(f"| {' | '.join(row)} |" for row in [list(head), rule, *lines])


def _is_number(cell: str) -> bool:
    return not cell or cell.lstrip("+-")[:1].isdigit()
