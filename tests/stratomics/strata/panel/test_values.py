"""Values of analytes: the scale of their modality, the order of the cohort, NaN where nothing was measured."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from datamodules.config import HarmonizeConfig
from datamodules.harmonizer import Harmonizer
from omics.cohort.read import read_cohort
from stratomics.strata.panel.scaling import AnalyteScaling
from stratomics.strata.panel.values import AnalyteName, assay_values


def test_patients_without_a_view_have_no_value(write_small: Callable[..., Path]) -> None:
    cohort = read_cohort(str(write_small()))
    values = assay_values(cohort)
    assert [str(name) for name in values.names[:2]] == ["protein: protein0", "protein: protein1"]
    protein = np.array([name.view == "protein" for name in values.names])
    lacking = np.isnan(values.values[:, protein]).all(axis=1)
    assert lacking.tolist() == [row % 4 == 0 for row in range(cohort.n_obs)]
    assert not np.isnan(values.values[:, ~protein]).any()


def test_named_features_are_returned_in_their_order(acc: object) -> None:
    everything = assay_values(acc)  # type: ignore[arg-type]  # a MuData of the fixture
    wanted = [everything.names[70], everything.names[2], AnalyteName("rppa", "no such protein")]
    some = assay_values(acc, {"mrna": [], "rppa": ["no such protein"], wanted[1].view: [wanted[1].feature]})  # type: ignore[arg-type]
    assert np.isnan(some.values[:, some.names.index(wanted[2])]).all()
    column = some.values[:, some.names.index(wanted[1])]
    np.testing.assert_array_equal(column, everything.values[:, 2])


def test_scores_are_those_of_harmonization(write_small: Callable[..., Path]) -> None:
    """A view without values below detection is scaled as a run scales it."""
    cohort = read_cohort(str(write_small()))
    values = assay_values(cohort)
    scaling = AnalyteScaling.fit(values, 0.5, 0.1)
    batch = Harmonizer(HarmonizeConfig()).fit(cohort).transform(cohort)
    both = np.hstack([batch.views["protein"], batch.views["rna"]])
    np.testing.assert_allclose(scaling.transform(values.values), both, atol=2e-5)
