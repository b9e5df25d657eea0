"""The section on growth of tumours: sentences and tables by hand; names of covariates are escaped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from section_text import section_text
from stored_growth import EVIL, growth

from datamodules.exposure import NOT_FOR_DOSING
from stratomics.pharmacology.tumour_store import StoredGrowth, save_growth
from stratomics.report.figures.style import style
from stratomics.report.section import Panel, Section, Table
from stratomics.report.sections.tumour import IMMORTAL, tumour
from stratomics.runs.run_directory import RunDirectory


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory(tmp_path)


def section_of(run: RunDirectory, stored: StoredGrowth) -> Section:
    save_growth(run, stored)
    with style():
        section = tumour(run)
    assert section is not None
    return section


def tables(section: Section) -> dict[str, Table]:
    return {block.id: block for block in section.blocks if isinstance(block, Table)}


def test_a_run_without_growth_has_no_section(run: RunDirectory) -> None:
    assert tumour(run) is None


def test_sentences_name_factors_and_exposure_with_intervals(run: RunDirectory) -> None:
    """exp(.3), exp(-.2) per standard deviation; exposure per doubling: exp(-.3 log 2) = 2^-.3 = .81."""
    section = section_of(run, growth())
    factors, exposure = section.blocks[1:3]
    assert factors == (
        "Per standard deviation, the growth rate clearly changes with 2 of 4 factors: 1.35 (1.22 to 1.49) times with "
        "factor 1; 0.82 (0.74 to 0.90) times with factor 2 (95% intervals)."
    )
    assert isinstance(exposure, str)
    assert exposure.startswith(
        "The growth rate changes with exposure: per doubling it is 0.81 (0.71 to 0.93) times"
    )
    assert exposure.endswith(NOT_FOR_DOSING)
    assert IMMORTAL.startswith("Growth after baseline does not predict survival")
    assert [text for block in section.blocks if isinstance(block, list) for text in block][1:] == [IMMORTAL]


def test_slopes_are_sorted_and_those_of_0_left_out(run: RunDirectory) -> None:
    section = section_of(run, growth())
    table = tables(section)["tumour-slopes"].table
    assert table["predictor"].to_list() == ["factor 1", "exposure", "factor 2", "factor 3", EVIL]
    assert table["per"].to_list().count("doubling") == 1
    assert table["without factors"].to_list() == ["", "0.81 (0.71 to 0.93)", "", "", "1.05 (0.90 to 1.22)"]
    [panel] = [block for block in section.blocks if isinstance(block, Panel)]
    assert panel.table["predictor"].to_list() == table["predictor"].to_list()
    np.testing.assert_allclose(panel.table["ratio"], np.exp([0.3, -0.3 * np.log(2), -0.2, 0.06, 0.05]))
    assert panel.sentence.endswith(NOT_FOR_DOSING)


def test_at_most_ten_slopes_are_shown(run: RunDirectory) -> None:
    section = section_of(run, growth(factors=tuple(np.linspace(0.1, 0.5, 14))))
    table = tables(section)["tumour-slopes"].table
    assert table["predictor"].to_list() == [f"factor {number}" for number in range(14, 4, -1)]


def test_errors_are_relative(run: RunDirectory) -> None:
    table = tables(section_of(run, growth()))["tumour-errors"].table
    assert table.to_numpy().tolist() == [
        ["baseline", 2, "10.0%", "20.0%", "50.0%"],
        ["first follow-up", 1, "0.0%", "10.0%", "25.0%"],
    ]


def test_exposure_acts_on_the_effect_of_the_drug_with_claret(run: RunDirectory) -> None:
    section = section_of(run, growth(curve="claret"))
    table = tables(section)["tumour-slopes"].table.set_index("predictor")
    assert table["ratio of the"].drop("exposure").unique().tolist() == ["growth rate"]
    assert table.loc["exposure", "ratio of the"] == "effect of the drug"
    assert "The effect of the drug changes with exposure" in section_text(section)


def test_nothing_found_is_said(run: RunDirectory) -> None:
    stored = replace(growth(exposure=False, factors=(0.001, 0.06)), gain=np.nan, gain_se=np.nan)
    stored = replace(stored, forecasts=stored.forecasts.iloc[:2])
    section = section_of(run, stored)
    text = section_text(section)
    assert "No clear change of the growth rate with any of 2 factors." in text
    assert "Too few patients are held out" in text
    assert NOT_FOR_DOSING not in text
    assert tables(section)["tumour-errors"].table.iloc[1].to_list()[2:] == ["not available"] * 3
