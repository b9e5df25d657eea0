"""The registry of sections, and sections of a run of the first release."""

from __future__ import annotations

import logging
from typing import NoReturn

import pytest
from places import FROZEN
from section_text import section_text

from omics.common.errors import DataError
from stratomics.report.sections import SECTIONS, sections_of
from stratomics.report.sections.cohort import cohort
from stratomics.report.sections.sample_size import sample_size
from stratomics.report.sections.subgroup_performance import subgroup_performance
from stratomics.runs.run_directory import RunDirectory


def test_sections_are_in_reading_order() -> None:
    names = list(SECTIONS)
    order = ["cohort", "performance", "sample_size", "factors", "subgroup_performance", "enrichment"]
    assert [name for name in names if name in order] == order


def test_the_frozen_run_has_its_sections() -> None:
    run = RunDirectory(FROZEN)
    assert "92 patients of tcga_acc" in section_text(cohort(run))
    assert section_text(subgroup_performance(run))
    assert section_text(sample_size(run))


def _fails(_: RunDirectory) -> NoReturn:
    msg = "no <b>curve</b>"
    raise DataError(msg)


def test_a_part_that_cannot_be_computed_is_left_out_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [section.id for section in sections_of(RunDirectory(FROZEN))]
    monkeypatch.setattr(logging.getLogger("stratomics.report.sections"), "handlers", [])
    monkeypatch.setattr("stratomics.report.sections.sample_size.sample_size", _fails)
    sections = {section.id: section for section in sections_of(RunDirectory(FROZEN))}
    assert list(sections) == expected
    assert "could not be computed (no <b>curve</b>)" in section_text(sections["sample_size"])
