"""Figures of a finished run for notebooks: those of its report, as matplotlib figures that can be changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from stratomics.report.figures.style import style
from stratomics.report.section import Panel
from stratomics.report.sections import sections_of
from stratomics.runs.run_directory import RunDirectory

__all__ = ["Panel", "panels"]


def panels(run: RunDirectory) -> dict[str, Panel]:
    """Return every figure of the report of `run`, each with its sentence and its data.

    Parameters
    ----------
    run
        A finished run.

    Returns
    -------
    dict of str to Panel
        Name -> panel, in the order of the report. ``panel.figure`` is a new :class:`matplotlib.figure.Figure`, whose
        ``axes`` can be changed. ``panel.sentence`` states what it shows; ``panel.table`` holds the plotted numbers.
        Which panels exist depends on the endpoint and on the settings of the run.

    Raises
    ------
    InputError
        If the run has no saved tables.
    """
    with style():
        all_panels = [
            panel for section in sections_of(run) for panel in _within((section.blocks, section.content))
        ]
    return {panel.id: panel for panel in all_panels}


def _within(content: Any) -> Iterator[Panel]:
    """All panels in the content of a section, at any depth."""
    if isinstance(content, Panel):
        yield content
    elif isinstance(content, Mapping):
        yield from _within(list(content.values()))
    elif isinstance(content, Sequence) and not isinstance(content, str | bytes):
        for inner in content:
            yield from _within(inner)
    elif is_dataclass(content):
        yield from _within([getattr(content, field.name) for field in fields(content)])
