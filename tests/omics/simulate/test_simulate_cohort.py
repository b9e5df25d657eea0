"""Simulated cohorts: missing views, sites and arms; any configuration gives a valid cohort.

The bound of a comparison with a target is four standard errors of the comparison.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated import OUTCOMES, SMALL, values

from omics.cohort.read import cohort_endpoints, cohort_spec, observed_views
from omics.cohort.views import modality_of
from omics.simulate.simulate_cohort import (
    Simulated,
    SimulationConfig,
    simulate,
    write_simulated,
)
from omics.simulate.simulated_views import VIEWS
from omics.simulate.write_folder import read_truth


@pytest.mark.parametrize("viewless", [False, True])
def test_missing_views_have_their_share(viewless: bool) -> None:
    n, p, views = 1000, 0.4, len(SMALL)
    config = SimulationConfig(n, features=SMALL, missing_views=p, viewless=viewless, seed=3)
    observed = observed_views(simulate(config).cohort)
    # A patient who would lack all views keeps one of them.
    expected = p if viewless else p - p**views / views
    np.testing.assert_allclose(1 - observed.mean(), expected, atol=4 * np.sqrt(expected * (1 - expected) / n))
    bare = 1 - observed.any(axis=1).mean()
    assert bare == pytest.approx(p**views, abs=4 * np.sqrt(p**views / n)) if viewless else bare == 0


def test_a_lone_view_is_complete_and_a_rare_view_is_not_empty() -> None:
    lone = simulate(SimulationConfig(40, features={"rna": 3}, missing_views=0.9))
    assert observed_views(lone.cohort).all(axis=None)
    shares = {"event_share": 0.6, "response_share": 0.5, "toxicity_share": 0.5}
    rare = simulate(SimulationConfig(20, features=dict.fromkeys(VIEWS, 2), missing_views=0.95, **shares))
    assert observed_views(rare.cohort).any().all()


def test_sites_shift_what_instruments_measure_and_not_genotypes() -> None:
    config = SimulationConfig(1500, features={"germline": 5, "protein": 60}, missing_views=0, site_effect=0)
    same, shifted = simulate(config), simulate(dataclasses.replace(config, site_effect=1.0))
    np.testing.assert_array_equal(values(same, "germline"), values(shifted, "germline"))
    pd.testing.assert_frame_equal(same.cohort.obs, shifted.cohort.obs)
    site = same.cohort.obs["site"].to_numpy()
    assert sorted(set(site)) == ["site_1", "site_2", "site_3"]

    def between(simulated: Simulated) -> float:
        frame = simulated.cohort["protein"].to_df()
        bright = frame.columns[frame.median() > 20]
        return float(frame[bright].groupby(site).mean().var().mean())

    assert between(same) < 0.01
    # A variance of three sites, averaged over about thirty proteins.
    assert between(shifted) == pytest.approx(1.0, abs=4 * np.sqrt(2 / (2 * 25)))


def test_arms_are_of_the_same_size_and_the_effect_grows_with_the_dose() -> None:
    config = SimulationConfig(300, features=OUTCOMES, doses=(6, 12, 18), predictive_strength=0)
    simulated = simulate(config)
    assert simulated.cohort.obs["dose"].value_counts().to_dict() == {0: 75, 6: 75, 12: 75, 18: 75}
    difference = np.diff(simulated.truth.log_hazard, axis=1)
    np.testing.assert_allclose(difference, config.treatment_log_hazard_ratio / 3)
    arm = cohort_spec(simulated.cohort).arm
    assert arm is not None
    assert (arm.control, arm.treated, arm.randomised) == (0, 18, "yes")


def test_without_arms_nobody_benefits() -> None:
    simulated = simulate(SimulationConfig(40, features=OUTCOMES, arm=False))
    assert "dose" not in simulated.cohort.obs
    assert cohort_spec(simulated.cohort).arm is None
    assert simulated.truth.log_hazard.shape == (40, 1)
    assert (simulated.truth.benefit_rmst == 0).all()
    assert not simulated.truth.benefits.any()


def test_one_more_view_leaves_everything_else_alone() -> None:
    config = SimulationConfig(200, features=SMALL)
    few = simulate(config)
    more = simulate(dataclasses.replace(config, features={"mutation": 5, **SMALL}))
    pd.testing.assert_frame_equal(few.cohort.obs, more.cohort.obs)
    np.testing.assert_array_equal(few.truth.factors, more.truth.factors)
    for view in SMALL:
        first, second = few.cohort[view].to_df(), more.cohort[view].to_df()
        both = first.index.intersection(second.index)
        # Only a patient who kept this view as the only one may lose it.
        assert len(second) == len(both) > len(first) - 5
        pd.testing.assert_frame_equal(first.loc[both], second.loc[both])


def test_missing_views_change_no_value() -> None:
    config = SimulationConfig(60, features=SMALL, missing_views=0)
    complete = simulate(config)
    patchy = simulate(dataclasses.replace(config, missing_views=0.5))
    pd.testing.assert_frame_equal(complete.cohort.obs, patchy.cohort.obs)
    for view in SMALL:
        rest = patchy.cohort[view].to_df()
        assert len(rest) < 60
        pd.testing.assert_frame_equal(complete.cohort[view].to_df().loc[rest.index], rest)


@st.composite
def configurations(draw: st.DrawFn) -> SimulationConfig:
    views = draw(st.lists(st.sampled_from(sorted(VIEWS)), min_size=1, unique=True))
    share = st.floats(0.45, 0.9)
    doses = draw(st.lists(st.integers(1, 100), min_size=1, max_size=3, unique=True))
    follow_up = draw(st.floats(2, 5000))
    return SimulationConfig(
        patients=draw(st.integers(20, 60)),
        factors=draw(st.integers(2, 8)),
        features={view: draw(st.integers(2, 6)) for view in views},
        signal=draw(st.floats(0, 1)),
        sites=draw(st.integers(1, 6)),
        site_effect=draw(st.floats(0, 2)),
        missing_views=draw(st.floats(0, 0.95)),
        viewless=draw(st.booleans()),
        prognostic_strength=draw(st.floats(0, 3)),
        predictive_strength=draw(st.floats(0, 3)),
        treatment_log_hazard_ratio=draw(st.floats(-3, 3)),
        arm=draw(st.booleans()),
        doses=tuple(sorted(doses)),
        event_share=draw(share),
        response_share=draw(share),
        toxicity_share=draw(share),
        weibull_shape=draw(st.floats(0.3, 5)),
        accrual=draw(st.floats(0, follow_up - 1)),
        follow_up=follow_up,
        dropout=draw(st.floats(0, 0.9)),
        horizon=draw(st.floats(1, follow_up)),
        seed=draw(st.integers(0, 2**31)),
    )


@settings(max_examples=20, deadline=None)
@given(configurations())
def test_any_configuration_gives_a_legal_cohort(config: SimulationConfig) -> None:
    simulated = simulate(config)
    cohort, truth, n = simulated.cohort, simulated.truth, config.patients
    assert cohort.n_obs == n
    assert tuple(cohort.obs_names) == truth.sample_id
    observed = observed_views(cohort)
    assert observed.any().all()
    assert config.viewless or observed.any(axis=1).all()
    for view, declared in cohort_spec(cohort).views.items():
        measured = values(simulated, view)
        assert measured.shape == (observed[view].sum(), config.features[view])
        assert truth.loadings[view].shape == (config.features[view], config.factors)
        gaps = np.isnan(measured)
        assert not gaps.any() or view == "protein"
        legal(view, measured[~gaps])
        harmonized = modality_of(declared).transform(measured, declared.scale)
        assert np.isfinite(harmonized[(measured > 0) & ~gaps]).all()
    survival = cohort_endpoints(cohort).survival()
    assert survival.observed.all()
    assert (survival.time >= 1).all()
    arms = 1 + len(config.doses) if config.arm else 1
    assert truth.log_hazard.shape == truth.response_probability.shape == (n, arms)
    curve = truth.survival([0, 100, 1000])
    assert curve.shape == (n, arms, 3)
    assert (curve[:, :, 0] == 1).all()
    assert (np.diff(curve, axis=2) <= 0).all()
    for probability in (truth.response_probability, truth.toxicity_probability):
        assert ((probability >= 0) & (probability <= 1)).all()
    assert (np.abs(truth.benefit_rmst) <= config.horizon).all()
    assert truth.responder.shape == truth.benefits.shape == (n,)


def legal(view: str, measured: Any) -> None:
    allowed = {"mutation": {0, 1}, "copy_number": {-2, -1, 0, 1, 2}, "germline": {0, 1, 2}}
    if view in allowed:
        assert set(measured.tolist()) <= allowed[view]
    elif view != "protein":
        assert (measured >= 0).all()
    if VIEWS[view].scale == "counts":
        assert (measured == np.round(measured)).all()


def test_a_planted_panel_adds_to_the_hazard_and_changes_nothing_else() -> None:
    plain = SimulationConfig(
        patients=400,
        features={"rna": 12, "copy_number": 5},
        missing_views=0.0,
        signal=0.0,
        sites=1,
        seed=2,
    )
    first = simulate(plain)
    second = simulate(dataclasses.replace(plain, panel=3, panel_strength=1.5))
    assert first.truth.panel == ()
    assert len(set(second.truth.panel)) == 3
    third = simulate(dataclasses.replace(plain, panel=3, panel_strength=0.0, panel_benefit=0.5))
    np.testing.assert_array_equal(third.truth.prognostic, first.truth.prognostic)
    own = second.truth.prognostic - first.truth.prognostic
    np.testing.assert_allclose(third.truth.predictive - first.truth.predictive, own / 3, atol=1e-12)
    assert own.std() == pytest.approx(1.5, rel=0.25)
    for view in ("rna", "copy_number"):
        np.testing.assert_array_equal(first.cohort[view].X, second.cohort[view].X)
    correlation = {
        (view, name): abs(np.corrcoef(own, second.cohort[view].to_df()[name])[0, 1])
        for view in ("rna", "copy_number")
        for name in second.cohort[view].var_names
    }
    assert sorted(correlation, key=correlation.__getitem__)[-3:] == sorted(
        second.truth.panel, key=correlation.__getitem__
    )


def test_a_planted_panel_is_stored(tmp_path: Path) -> None:
    simulated = simulate(SimulationConfig(patients=40, features={"protein": 6}, panel=2))
    write_simulated(simulated, tmp_path)
    assert read_truth(tmp_path).panel == simulated.truth.panel
