"""The threshold table: against R, and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from trials import Find, big198, response_trial, survival_trial

from stratomics.enrichment.effects.effect import measure_of
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.selection.cuts import marker_cuts
from stratomics.enrichment.selection.threshold_table import Costs, threshold_table
from stratomics.evaluation.metrics.weighted_cox import weighted_cox


def test_big198_threshold_table_is_that_of_r(shared: Find) -> None:
    """To 6 digits with Breslow's ties, which the golden table has; ours, Efron's, differ from it by .0003 at most."""
    trial, ki67 = big198(shared)
    golden = pd.read_csv(shared("reference/big198_threshold_table.csv"))
    rows = threshold_table(trial, measure_of(trial), marker_cuts(trial, ki67, golden["cut"].tolist()), 4.0)
    assert rows[0].inside.estimate == pytest.approx(0.63482, abs=5.1e-6)
    assert rows[0].events_needed is not None
    assert rows[0].events_needed[0.8] == pytest.approx(152, abs=0.1)
    for row, truth in zip(rows[1:], golden.itertuples(), strict=True):
        assert row.outside is not None
        assert row.events_needed is not None
        assert row.patients_needed is not None
        assert row.screened is not None
        assert [row.cut, row.n, row.events] == [truth.cut, truth.n, truth.events]
        assert row.prevalence == pytest.approx(truth.prev)
        assert row.control_rate == pytest.approx(truth.p0_4y, abs=1e-9)
        assert row.inside.estimate == pytest.approx(truth.HRpos, abs=3e-4)
        assert [row.inside.low, row.inside.high] == pytest.approx([truth.lo, truth.hi], abs=1e-3)
        assert row.outside.estimate == pytest.approx(truth.HRneg, abs=3e-4)
        assert row.p == pytest.approx(truth.p_int, abs=1e-3)
        sizes = [row.events_needed[0.8], row.patients_needed[0.8], row.screened[0.8]]
        assert sizes == pytest.approx([truth.events80, truth.N80, truth.screened], rel=1e-3)
        one = np.stack([ki67 > truth.cut, ki67 <= truth.cut]).astype(float)
        breslow = weighted_cox(
            trial.treated[:, None].astype(float),
            trial.survival.event,
            trial.survival.time,
            one,
            np.zeros(len(trial), dtype=np.int64),
        )
        assert np.exp(breslow[:, 0]) == pytest.approx([truth.HRpos, truth.HRneg], abs=1e-6)


def test_costs_are_of_screened_and_randomised() -> None:
    trial = response_trial(0)
    marker = np.random.default_rng(0).normal(size=200)
    rows = threshold_table(
        trial, measure_of(trial), marker_cuts(trial, marker, [0.0]), costs=Costs(10.0, 1000.0)
    )
    for row in rows:
        if row.patients_needed is None or row.screened is None or row.cost is None:
            assert row.inside.estimate <= 0
            continue
        assert row.screened[0.8] == pytest.approx(row.patients_needed[0.8] / row.prevalence)
        assert row.cost[0.8] == pytest.approx(10 * row.screened[0.8] + 1000 * row.patients_needed[0.8])


def test_harm_has_no_sample_size() -> None:
    trial = survival_trial(0)
    harmed = Trial(~trial.treated, trial.outcome)
    row = threshold_table(harmed, measure_of(harmed), marker_cuts(harmed, np.arange(120.0), [59.0]))[0]
    assert row.inside.estimate > 1
    assert row.events_needed is None
    assert row.screened is None
