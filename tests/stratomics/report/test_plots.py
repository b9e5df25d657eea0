"""Figures of a run for notebooks: those of its report, each with its sentence and data."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from omics.common.errors import InputError
from stratomics.report.plots import Panel, panels
from stratomics.runs.run_directory import RunDirectory


def test_every_figure_of_the_report_is_returned(small_run: Path) -> None:
    found = panels(RunDirectory(small_run))
    page = (small_run / "report.html").read_text(encoding="utf-8")
    assert {"risk", "explained", "forest-ibs"} <= set(found)
    assert len(found) == len(re.findall(r"<svg", page))
    for panel in found.values():
        assert isinstance(panel, Panel)
        assert panel.sentence.strip()
        assert len(panel.table)
        assert panel.figure.axes


def test_a_figure_can_be_changed_and_saved(small_run: Path, tmp_path: Path) -> None:
    run = RunDirectory(small_run)
    figure = panels(run)["risk"].figure
    (axes,) = figure.axes
    axes.set_title("costs $5 and $6")
    axes.axvline(100)
    figure.savefig(tmp_path / "risk.png", bbox_inches="tight")
    assert (tmp_path / "risk.png").stat().st_size > 5000
    # Each call draws new figures.
    assert panels(run)["risk"].figure.axes[0].get_title() == ""


def test_a_folder_without_a_run_has_no_figures(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        panels(RunDirectory(tmp_path))
