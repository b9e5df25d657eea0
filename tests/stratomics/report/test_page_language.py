"""The visible text of reports has none of the words that this project avoids."""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from places import FROZEN
from plain_words import faults
from saved_run import SavedRun
from section_text import section_text
from written_run import people, written

from stratomics.report.model_card import write_model_card
from stratomics.report.page import write_report
from stratomics.report.section import Section
from stratomics.report.sections.cohort import cohort
from stratomics.report.sections.decision_curve import decision_curve
from stratomics.report.sections.limitations import limitations
from stratomics.report.sections.methods import methods
from stratomics.report.sections.response import classes
from stratomics.report.sections.response_calibration import calibration as response_calibration
from stratomics.report.sections.sample_size import sample_size
from stratomics.report.sections.subgroup_performance import subgroup_performance
from stratomics.report.sections.survival import risk_groups
from stratomics.report.sections.survival_calibration import calibration as survival_calibration
from stratomics.report.sections.time_auc import time_auc
from stratomics.report.sections.uncertainty import uncertainty
from stratomics.runs.run_directory import RunDirectory

Sections = tuple[Callable[[RunDirectory], Section | None], ...]

OF_COHORT: Sections = (cohort, methods, limitations, sample_size, subgroup_performance)
OF_PREDICTIONS: Sections = (decision_curve, uncertainty, time_auc)
OF_KIND: dict[str, Sections] = {
    "survival": (risk_groups, survival_calibration),
    "response": (classes, response_calibration),
}


def visible_text(page: str) -> str:
    """Text of an HTML page that a reader sees or a screen reader reads: labels and titles, texts of figures."""
    attributes = re.findall(r'(?:title|aria-label|alt|placeholder)="([^"]*)"', page)
    without_scripts = re.sub(r"<(script|style)\b.*?</\1\s*>|<!--.*?-->", "", page, flags=re.DOTALL)
    return html.unescape("\n".join([re.sub(r"<[^>]*>", "\n", without_scripts), *attributes]))


def avoided_words(text: str) -> list[str]:
    """Avoided words in a text of some length."""
    assert len(text) > 100
    return faults(enumerate(text.splitlines(), 1))


def test_visible_text_has_labels_and_figures_and_no_script() -> None:
    word = "no" + "body"
    page = f'<p aria-label="{word} &amp; so">{word}</p><script>{word}</script><svg><text>{word}</text></svg>'
    assert len(faults(enumerate(visible_text(page).splitlines(), 1))) == 3


def test_the_page_and_the_model_card_of_a_saved_run(tmp_path: Path) -> None:
    run = RunDirectory(Path(shutil.copytree(FROZEN, tmp_path / "run")))
    assert not avoided_words(visible_text(write_report(run).read_text(encoding="utf-8")))
    assert not avoided_words(html.unescape(write_model_card(run).read_text(encoding="utf-8")))


@pytest.mark.parametrize("kind", ["survival", "response"])
@pytest.mark.parametrize("design", ["kfold", "leave_site_out", "part", "external"])
def test_sections_on_the_cohort(kind: str, design: str, tmp_path: Path) -> None:
    patients = people(120, kind).assign(
        **{
            "site": np.array(["a", "b", "c"])[np.arange(120) % 3],
            "arm": np.arange(120) % 2,
            "covariate.female": np.arange(120) % 2.0,
            "covariate.age": np.linspace(40, 80, 120),
        }
    )
    more = {"patients": {"trained": 200, "evaluated": 120}, "evaluated_on": "made_up_too"}
    run = written(tmp_path / "run", patients, kind=kind, design=design, more=more)
    for section in OF_COHORT:
        assert not avoided_words(section_text(section(run)))


@pytest.mark.parametrize("kind", ["survival", "response"])
def test_sections_on_predictions(kind: str, tmp_path: Path) -> None:
    run = SavedRun(tmp_path / "run").run(kind)
    for section in (*OF_PREDICTIONS, *OF_KIND[kind]):
        result = section(run)
        if result is not None:
            assert not avoided_words(section_text(result))
