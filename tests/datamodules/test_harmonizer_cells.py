"""Cells in the harmonizer: a patient has the same values alone as with others who have more cell types."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from simulated_cells import write_cells_cohort

from datamodules.config import HarmonizeConfig
from datamodules.harmonizer import Harmonizer
from datamodules.shift import shift_findings
from omics.cells.composition import log_ratios
from omics.cohort.read import read_cohort

NAME = "blood.composition"


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return read_cohort(write_cells_cohort(tmp_path_factory.mktemp("cells") / "cohort"))


def with_composition(cohort: Any, view: Any) -> Any:
    other = cohort.copy()
    other.mod[NAME] = view.copy()
    return other


def test_an_absent_type_counts_as_no_cell(cohort: Any) -> None:
    harmonizer = Harmonizer(HarmonizeConfig()).fit(cohort)
    zero = cohort[NAME].copy()
    zero.X[:, 1] = 0.0
    absent, empty = zero[:, [0, 2]], zero.copy()
    empty.X[:, 1] = np.nan
    expected = harmonizer.transform(with_composition(cohort, zero)).views[NAME]
    assert expected.any()
    for view in (absent, empty):
        batch = harmonizer.transform(with_composition(cohort, view))
        np.testing.assert_array_equal(batch.views[NAME], expected)
    findings = shift_findings(harmonizer, with_composition(cohort, absent))
    assert "features_missing" in {finding.code for finding in findings if finding.place == NAME}


def test_a_type_that_training_did_not_have_changes_nothing(cohort: Any) -> None:
    few = with_composition(cohort, cohort[NAME][:, [0, 2]])
    harmonizer = Harmonizer(HarmonizeConfig()).fit(few)
    np.testing.assert_array_equal(
        harmonizer.transform(cohort).views[NAME], harmonizer.transform(few).views[NAME]
    )
    codes = {finding.code for finding in shift_findings(harmonizer, cohort) if finding.place == NAME}
    assert {"features_extra", "extra_share"} <= codes


def test_the_model_sees_log_ratios(cohort: Any) -> None:
    harmonizer = Harmonizer(HarmonizeConfig()).fit(cohort)
    ratios = log_ratios(pd.DataFrame(cohort[NAME].X)).to_numpy()
    rows = cohort.obs_names.get_indexer(cohort[NAME].obs_names)
    values = harmonizer.transform(cohort).views[NAME][rows]
    for at in range(3):
        assert np.corrcoef(values[:, at], ratios[:, at])[0, 1] == pytest.approx(1, abs=1e-4)


def test_a_view_that_training_did_not_have_is_reported(cohort: Any, tmp_path: Path) -> None:
    one = read_cohort(write_cells_cohort(tmp_path / "one"))
    harmonizer = Harmonizer(HarmonizeConfig()).fit(cohort)
    del harmonizer.views["blood.NK_T"]
    finding = next(one for one in shift_findings(harmonizer, one) if one.code == "view_extra")
    assert (finding.severity, finding.place) == ("info", "blood.NK_T")
    assert finding.sentence == "the model was trained without this view, which is not used"
