"""The registry of sections, and sections of a run of the first release."""

from __future__ import annotations

from places import FROZEN
from section_text import section_text

from stratomics.report.sections import SECTIONS
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
