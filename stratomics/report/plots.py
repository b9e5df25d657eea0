"""Figures of a finished run for a notebook: those of its report, as matplotlib figures that a person can change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from stratomics.report.figures import style
from stratomics.report.section import Panel
from stratomics.report.sections import sections_of
from stratomics.runs.run_directory import RunDirectory

__all__ = ["Panel", "panels"]


def panels(run: RunDirectory) -> dict[str, Panel]:
    """Give every figure of the report of `run`, by its name there, each with its sentence and the table behind it.

    Parameters
    ----------
    run
        A finished run.

    Returns
    -------
    dict of str to Panel
        In the order of the report. ``panel.figure`` is a :class:`matplotlib.figure.Figure` that belongs to the caller:
        its ``axes`` may be changed, added to and saved. ``panel.sentence`` says what it shows, ``panel.table`` holds
        the numbers that are drawn. Which there are hangs on the endpoint, and on what was asked of the run.

    Raises
    ------
    InputError
        If the run has no tables to draw.
    """
    with style():
        found = [
            panel for section in sections_of(run) for panel in _within((section.blocks, section.content))
        ]
    return {panel.id: panel for panel in found}


def _within(content: Any) -> Iterator[Panel]:
    """Find the panels in whatever a section holds."""
    if isinstance(content, Panel):
        yield content
    elif isinstance(content, Mapping):
        yield from _within(list(content.values()))
    elif isinstance(content, Sequence) and not isinstance(content, str | bytes):
        for inner in content:
            yield from _within(inner)
    elif is_dataclass(content):
        yield from _within([getattr(content, field.name) for field in fields(content)])
