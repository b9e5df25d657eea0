"""Simulated cohorts: legal, the same for the same seed, and what they promise about their truth is so.

Where a share or a mean is compared with its target, the bound is four standard errors of that comparison.
"""

from __future__ import annotations

import dataclasses
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import CoxPHFitter, KaplanMeierFitter
from scipy.special import gamma, gammainc

from omics.cohort.read import cohort_endpoints, cohort_spec, observed_views, read_cohort
from omics.cohort.views import modality_of
from omics.common.errors import ConfigError, InputError
from omics.simulate.simulate_cohort import (
    Simulated,
    SimulationConfig,
    Truth,
    read_truth,
    simulate,
    write_cohort,
)
from omics.simulate.simulated_views import DEPTH, DETECTION, DISPERSION, VIEWS, compose

SMALL = {"rna": 6, "protein": 4, "metabolite": 4}
MANY = 3000
OUTCOMES = {"protein": 2}  # where only the outcomes are looked at


@pytest.fixture(scope="module")
def plain() -> Simulated:
    """Many patients, all views complete, no sites: the marginals as they are promised."""
    features = dict.fromkeys(VIEWS, 40)
    return simulate(SimulationConfig(MANY, features=features, missing_views=0, site_effect=0, seed=1))


@pytest.fixture(scope="module")
def trial() -> Simulated:
    """Many patients, outcomes only."""
    return simulate(SimulationConfig(6000, features=OUTCOMES, missing_views=0, seed=2))


def values(simulated: Simulated, view: str) -> Any:
    return simulated.cohort[view].X


# Marginals


def test_mutation_is_binary_and_mostly_rare(plain: Simulated) -> None:
    mutation = values(plain, "mutation")
    assert set(np.unique(mutation)) == {0.0, 1.0}
    prevalence = mutation.mean(axis=0)
    assert 0.05 < np.median(prevalence) < 0.2
    assert prevalence.max() > 0.2


def test_copy_number_takes_all_five_calls_and_is_mostly_neutral(plain: Simulated) -> None:
    calls, counts = np.unique(values(plain, "copy_number"), return_counts=True)
    assert calls.tolist() == [-2.0, -1.0, 0.0, 1.0, 2.0]
    np.testing.assert_allclose(counts / counts.sum(), (0.02, 0.20, 0.56, 0.17, 0.05), atol=0.01)


def test_dosages_are_in_hardy_weinberg_proportions(plain: Simulated) -> None:
    dosage = values(plain, "germline")
    observed = np.array([(dosage == copies).sum(axis=0) for copies in (0, 1, 2)])
    assert observed.sum() == dosage.size
    frequency = dosage.mean(axis=0) / 2
    assert 0.03 < frequency.min() < frequency.max() < 0.55
    expected = MANY * np.array([(1 - frequency) ** 2, 2 * frequency * (1 - frequency), frequency**2])
    # One degree of freedom a variant.
    statistic, variants = float(((observed - expected) ** 2 / expected).sum()), dosage.shape[1]
    assert abs(statistic - variants) < 4 * np.sqrt(2 * variants)


def test_counts_are_overdispersed_with_a_quadratic_variance(plain: Simulated) -> None:
    counts = values(plain, "rna")
    assert (counts == np.round(counts)).all()
    mean, variance = counts.mean(axis=0), counts.var(axis=0)
    assert (variance > 2 * mean).all()
    slope = np.polyfit(np.log(mean), np.log(variance - mean), 1)[0]
    assert slope == pytest.approx(2.0, abs=0.15)


def test_counts_without_biology_are_negative_binomial_with_library_sizes() -> None:
    counts = VIEWS["rna"].measure(np.zeros((4000, 50)), np.random.default_rng(3))
    library = counts.sum(axis=1)
    assert np.std(np.log(library)) == pytest.approx(0.3, abs=0.08)
    # Gamma-Poisson times a lognormal library: var = mean + mean^2 ((1 + dispersion) exp(0.3^2) - 1).
    mean = counts.mean(axis=0)
    excess = (counts.var(axis=0) - mean) / mean**2
    assert np.median(excess) == pytest.approx((1 + DISPERSION) * np.exp(0.3**2) - 1, abs=0.02)


def test_proteins_are_logs_whose_faint_values_are_missed(plain: Simulated) -> None:
    protein = values(plain, "protein")
    missed = np.isnan(protein)
    assert 0.02 < missed.mean() < 0.3
    assert 10 < np.nanmin(protein) < np.nanmax(protein) < 32
    level = np.nanmedian(protein, axis=0)
    bright, faint = level > 20, level < 18
    assert bright.any()
    assert faint.any()
    assert missed[:, bright].mean() < 0.01
    assert missed[:, faint].mean() > 0.15


def test_metabolites_are_positive_or_below_detection(plain: Simulated) -> None:
    metabolite = values(plain, "metabolite")
    assert (metabolite >= 0).all()
    share = (metabolite == 0).mean(axis=0)
    assert share.max() < DETECTION + 4 * np.sqrt(0.25 / MANY)
    spread = DETECTION / np.sqrt(12)
    assert abs(share.mean() - DETECTION / 2) < 4 * spread / np.sqrt(len(share)) + 0.01


def test_what_is_below_detection_is_the_smallest() -> None:
    latent = np.random.default_rng(4).standard_normal((500, 30))
    measured = VIEWS["metabolite"].measure(latent, np.random.default_rng(5))
    zero = measured == 0
    assert zero.any()
    assert (np.where(zero, latent, -np.inf).max(axis=0) < np.where(zero, np.inf, latent).min(axis=0)).all()
    detected = np.where(zero, np.nan, measured)
    for values_, hidden in zip(detected.T, latent.T, strict=True):
        seen = ~np.isnan(values_)
        assert (np.diff(values_[seen][np.argsort(hidden[seen])]) >= 0).all()


def test_microbiome_is_closed_and_has_many_zeros(plain: Simulated) -> None:
    counts = values(plain, "microbiome")
    assert (counts == np.round(counts)).all()
    assert 0.35 < (counts == 0).mean() < 0.75
    depth = counts.sum(axis=1)
    assert np.median(depth) == pytest.approx(DEPTH, rel=0.05)
    # Depth is the machine's business: nothing of the patient is in it.
    correlations = [np.corrcoef(np.log(depth), factor)[0, 1] for factor in plain.truth.factors.T]
    assert np.abs(correlations).max() < 4 / np.sqrt(MANY)


def test_microbiome_counts_are_multinomial_given_the_composition() -> None:
    latent = np.random.default_rng(6).standard_normal((400, 60))
    composition = compose(latent, np.random.default_rng(7))
    np.testing.assert_allclose(composition.sum(axis=1), 1.0, rtol=1e-12)
    counts = VIEWS["microbiome"].measure(latent, np.random.default_rng(7))
    assert (counts[composition == 0] == 0).all()
    expected = counts.sum(axis=1, keepdims=True) * composition
    common = expected > 5
    deviation = ((counts - expected) / np.sqrt(expected * (1 - composition) + 1e-12))[common]
    assert np.mean(deviation**2) == pytest.approx(1.0, abs=4 * np.sqrt(2 / common.sum()) + 0.01)


def test_age_and_stage_go_with_prognosis(plain: Simulated) -> None:
    samples, prognostic = plain.cohort.obs, plain.truth.prognostic
    assert np.corrcoef(samples["age"], prognostic)[0, 1] == pytest.approx(0.3, abs=4 / np.sqrt(MANY))
    assert np.corrcoef(samples["female"], prognostic)[0, 1] < -0.05
    by_stage = pd.Series(prognostic).groupby(samples["stage"].to_numpy()).mean()
    assert by_stage.index.tolist() == ["I", "II", "III", "IV"]
    assert by_stage.is_monotonic_increasing
    np.testing.assert_allclose(
        samples["stage"].value_counts(normalize=True).sort_index(), (0.25, 0.3, 0.25, 0.2), atol=0.035
    )


# Missing views, sites, arms


@pytest.mark.parametrize("viewless", [False, True])
def test_missing_views_have_their_share(viewless: bool) -> None:
    p, views = 0.4, len(SMALL)
    config = SimulationConfig(MANY, features=SMALL, missing_views=p, viewless=viewless, seed=3)
    observed = observed_views(simulate(config).cohort)
    # Whoever would lack all views keeps one of them.
    expected = p if viewless else p - p**views / views
    np.testing.assert_allclose(
        1 - observed.mean(), expected, atol=4 * np.sqrt(expected * (1 - expected) / MANY)
    )
    bare = 1 - observed.any(axis=1).mean()
    assert bare == pytest.approx(p**views, abs=4 * np.sqrt(p**views / MANY)) if viewless else bare == 0


def test_a_lone_view_is_complete_and_a_rare_view_is_not_empty() -> None:
    lone = simulate(SimulationConfig(40, features={"rna": 3}, missing_views=0.9))
    assert observed_views(lone.cohort).all(axis=None)
    shares = {"event_share": 0.6, "response_share": 0.5, "toxicity_share": 0.5}
    rare = simulate(SimulationConfig(20, features=dict.fromkeys(VIEWS, 2), missing_views=0.95, **shares))
    assert observed_views(rare.cohort).any().all()


def test_sites_shift_what_instruments_measure_and_not_genotypes() -> None:
    config = SimulationConfig(MANY, features={"germline": 5, "protein": 60}, missing_views=0, site_effect=0)
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
    # A variance of three sites, averaged over some thirty proteins.
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


# Outcomes have the shares that were asked for


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"event_share": 0.05, "response_share": 0.05, "toxicity_share": 0.03},
        {"event_share": 0.9, "response_share": 0.95, "toxicity_share": 0.9},
        {"weibull_shape": 0.5, "dropout": 0.4, "accrual": 0},
        {"weibull_shape": 3, "prognostic_strength": 2, "predictive_strength": 2, "dropout": 0},
        {"arm": False, "event_share": 0.3},
    ],
)
def test_events_responses_and_toxicities_have_their_shares(changes: dict[str, Any]) -> None:
    config = SimulationConfig(MANY, features=OUTCOMES, seed=4, **changes)
    samples = simulate(config).cohort.obs
    for column in ("event", "response", "toxicity"):
        share = getattr(config, f"{column}_share")
        error = np.sqrt(share * (1 - share) / MANY)
        assert abs(samples[column].mean() - share) < 4 * error, column
    assert samples["time"].min() >= 1
    assert samples["time"].max() <= config.follow_up


def test_censoring_is_by_the_end_of_the_study_and_by_loss() -> None:
    config = SimulationConfig(MANY, features=OUTCOMES, event_share=0.3, dropout=0.0)
    kept = simulate(config).cohort.obs
    censored = kept.loc[kept["event"] == 0, "time"]
    assert censored.min() >= config.follow_up - config.accrual
    lost = simulate(dataclasses.replace(config, dropout=0.2)).cohort.obs
    early = lost.loc[lost["event"] == 0, "time"] < config.follow_up - config.accrual
    assert 0.1 < early.mean() < 0.6


# The truth can be found again


def hazard_table(simulated: Simulated) -> pd.DataFrame:
    samples, truth = simulated.cohort.obs.reset_index(drop=True), simulated.truth
    treated = samples["dose"] > 0
    return pd.DataFrame(
        {
            "time": samples["time"],
            "event": samples["event"],
            "prognostic": truth.prognostic,
            "treated": treated.astype(float),
            "marker": truth.factors[:, -1],
            "interaction": truth.factors[:, -1] * treated,
        }
    )


def fit_cox(simulated: Simulated) -> CoxPHFitter:
    return CoxPHFitter().fit(hazard_table(simulated), "time", "event")


def test_cox_regression_finds_the_parts_of_the_hazard(trial: Simulated) -> None:
    fit = fit_cox(trial)
    config = trial.config
    expected = {
        "prognostic": 1.0,
        "treated": config.treatment_log_hazard_ratio,
        "marker": 0.0,
        "interaction": config.predictive_strength,
    }
    for name, value in expected.items():
        assert abs(fit.params_[name] - value) < 4 * fit.standard_errors_[name], name
    assert fit.standard_errors_["interaction"] < 0.05


def test_without_predictive_strength_there_is_no_interaction() -> None:
    config = SimulationConfig(6000, features=OUTCOMES, predictive_strength=0, seed=5)
    simulated = simulate(config)
    assert (simulated.truth.predictive == 0).all()
    fit = fit_cox(simulated)
    assert abs(fit.params_["interaction"]) < 4 * fit.standard_errors_["interaction"] < 0.2


@pytest.mark.slow
def test_the_null_interaction_is_standard_normal_over_cohorts() -> None:
    z = []
    for seed in range(200):
        fit = fit_cox(simulate(SimulationConfig(300, features=OUTCOMES, predictive_strength=0, seed=seed)))
        z.append(fit.params_["interaction"] / fit.standard_errors_["interaction"])
    assert abs(np.mean(z)) < 4 / np.sqrt(len(z))
    # Standard error of a standard deviation, sd / sqrt(2 n); Wald statistics run a little wide at n = 300.
    assert np.std(z) == pytest.approx(1.0, abs=4 / np.sqrt(2 * len(z)))


@pytest.mark.parametrize("arm", [0, 1])
def test_kaplan_meier_agrees_with_the_true_survival(trial: Simulated, arm: int) -> None:
    samples = trial.cohort.obs
    rows = (samples["dose"] == arm).to_numpy()
    days = [30, 180, 365, 730, 1095, 1500]
    truth = trial.truth.survival(days)[rows, arm].mean(axis=0)
    # An interval of four standard errors: two-sided level 6.3e-5.
    fit = KaplanMeierFitter(alpha=6.3e-5).fit(samples.loc[rows, "time"], samples.loc[rows, "event"])
    interval = fit.confidence_interval_.loc[: days[-1]]
    for day, value in zip(days, truth, strict=True):
        low, high = interval.loc[:day].iloc[-1]
        assert low < value < high, day
        assert high - low < 0.1


def test_responses_follow_their_true_probability(trial: Simulated) -> None:
    samples, truth = trial.cohort.obs, trial.truth
    arm = (samples["dose"] > 0).to_numpy().astype(int)
    rows = np.arange(len(arm))
    probability = truth.response_probability[rows, arm]
    weights = np.column_stack([np.ones(len(arm)), arm, truth.log_hazard[rows, arm], truth.predictive])
    residual = samples["response"].to_numpy() - probability
    error = np.sqrt((weights**2 * (probability * (1 - probability))[:, None]).sum(axis=0))
    assert (np.abs(residual @ weights) < 4 * error).all()
    treated = arm == 1
    np.testing.assert_array_equal(truth.responder[treated], samples["response"].to_numpy()[treated] == 1)


def test_toxicity_comes_with_age_and_dose_alone(trial: Simulated) -> None:
    samples, truth = trial.cohort.obs, trial.truth
    arm = (samples["dose"] > 0).to_numpy().astype(int)
    probability = truth.toxicity_probability[np.arange(len(arm)), arm]
    residual = samples["toxicity"].to_numpy() - probability
    weights = np.column_stack([np.ones(len(arm)), arm, samples["age"] - 62, truth.factors])
    error = np.sqrt((weights**2 * (probability * (1 - probability))[:, None]).sum(axis=0))
    assert (np.abs(residual @ weights) < 4 * error).all()
    assert (truth.toxicity_probability[:, 1] > truth.toxicity_probability[:, 0]).all()


@pytest.mark.parametrize("shape", [0.5, 1.0, 2.5])
def test_rmst_agrees_with_the_incomplete_gamma_function(shape: float) -> None:
    truth = simulate(SimulationConfig(60, features=OUTCOMES, weibull_shape=shape)).truth
    horizon = truth.horizon
    scale = truth.weibull_scale * np.exp(-truth.log_hazard / shape)
    closed = scale / shape * gamma(1 / shape) * gammainc(1 / shape, (horizon / scale) ** shape)
    np.testing.assert_allclose(truth.rmst(horizon), closed, rtol=1e-5)
    np.testing.assert_allclose(truth.benefit_rmst, closed[:, 1] - closed[:, 0], atol=0.01)


def test_benefits_agree_about_whom_treatment_helps(trial: Simulated) -> None:
    truth = trial.truth
    assert 0.55 < truth.benefits.mean() < 0.85
    np.testing.assert_array_equal(truth.benefits, truth.benefit_rmst > 0)
    np.testing.assert_array_equal(truth.benefits, truth.benefit_response > 0)


def test_prognostic_and_predictive_parts_are_apart(trial: Simulated) -> None:
    truth, config = trial.truth, trial.config
    n = config.patients
    assert truth.prognostic.std() == pytest.approx(0.8, abs=4 * 0.8 / np.sqrt(2 * n))
    assert truth.predictive.std() == pytest.approx(0.6, abs=4 * 0.6 / np.sqrt(2 * n))
    assert abs(np.corrcoef(truth.prognostic, truth.predictive)[0, 1]) < 4 / np.sqrt(n)


def test_features_follow_their_loadings(plain: Simulated) -> None:
    protein, truth = values(plain, "protein"), plain.truth
    complete = np.isnan(protein).mean(axis=0) < 0.001
    assert complete.sum() > 5
    centred = np.nan_to_num(protein[:, complete] - np.nanmean(protein[:, complete], axis=0))
    found = centred.T @ truth.factors / MANY
    loadings = truth.loadings["protein"]
    assert np.abs(found - loadings[complete]).max() < 5 * np.sqrt(1.5 / MANY)
    explained = (loadings**2).sum(axis=1)
    assert set(np.round(explained, 9)) <= {0.0, plain.config.signal}


# The same seed, the same bytes


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    config = SimulationConfig(40, features=dict.fromkeys(VIEWS, 3))
    for name, changed in (("a", config), ("b", config), ("c", dataclasses.replace(config, seed=1))):
        write_cohort(simulate(changed), tmp_path / name)
    names = sorted(str(path.relative_to(tmp_path / "a")) for path in (tmp_path / "a").rglob("*.*"))
    assert names == sorted(
        [
            "cohort.yaml",
            "outcome.csv",
            "truth/patients.parquet",
            "truth/settings.json",
            *(f"{view}.csv.gz" for view in VIEWS),
        ]
    )
    for name in names:
        first = (tmp_path / "a" / name).read_bytes()
        assert first == (tmp_path / "b" / name).read_bytes(), name
        assert first != (tmp_path / "c" / name).read_bytes(), name
    # The modification time within a gzip file, RFC 1952, 2.3.1.
    packed = (tmp_path / "a" / "rna.csv.gz").read_bytes()
    assert packed[4:8] == bytes(4)
    assert gzip.decompress(packed).startswith(b"sample_id,gene1,gene2,gene3\n")


def test_one_more_view_leaves_everything_else_alone() -> None:
    config = SimulationConfig(200, features=SMALL)
    few = simulate(config)
    more = simulate(dataclasses.replace(config, features={"mutation": 5, **SMALL}))
    pd.testing.assert_frame_equal(few.cohort.obs, more.cohort.obs)
    np.testing.assert_array_equal(few.truth.factors, more.truth.factors)
    for view in SMALL:
        first, second = few.cohort[view].to_df(), more.cohort[view].to_df()
        both = first.index.intersection(second.index)
        # Only those who had this view because they would have had none may lose it.
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


# On disk and back


@pytest.mark.parametrize(
    "changes",
    [
        {"features": dict.fromkeys(VIEWS, 7)},
        {"features": SMALL, "arm": False, "sites": 1},
        {"features": SMALL, "doses": (0.5, 2.0)},
        {"features": SMALL, "viewless": True, "missing_views": 0.8},
    ],
)
def test_round_trip_through_a_folder(changes: dict[str, Any], tmp_path: Path) -> None:
    simulated = simulate(SimulationConfig(60, **changes))
    write_cohort(simulated, tmp_path / "new" / "folder")
    again = read_cohort(tmp_path / "new" / "folder")
    pd.testing.assert_frame_equal(again.obs, simulated.cohort.obs)
    assert again.uns == simulated.cohort.uns
    assert list(again.mod) == list(simulated.cohort.mod)
    for view in cohort_spec(again).views:
        pd.testing.assert_frame_equal(again[view].to_df(), simulated.cohort[view].to_df())
    assert_same_truth(read_truth(tmp_path / "new" / "folder"), simulated.truth)


def assert_same_truth(left: Truth, right: Truth) -> None:
    for field in dataclasses.fields(Truth):
        np.testing.assert_equal(getattr(left, field.name), getattr(right, field.name), field.name)
    np.testing.assert_array_equal(left.benefit_rmst, right.benefit_rmst)


def test_truth_tables_hold_what_the_truth_says(tmp_path: Path) -> None:
    simulated = simulate(SimulationConfig(40, features=SMALL, doses=(1.5, 3)))
    write_cohort(simulated, tmp_path)
    table, truth = pd.read_parquet(tmp_path / "truth/patients.parquet"), simulated.truth
    assert table["sample_id"].tolist() == simulated.cohort.obs_names.tolist()
    np.testing.assert_array_equal(table["log_hazard_1.5"], truth.log_hazard[:, 1])
    np.testing.assert_array_equal(table["response_probability_3"], truth.response_probability[:, 2])
    np.testing.assert_array_equal(table["benefit_rmst"], table["rmst_3"] - table["rmst_0"])
    np.testing.assert_array_equal(table["benefits"], table["benefit_response"] > 0)


def test_a_cohort_without_truth_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"patients\.parquet: no such file"):
        read_truth(tmp_path)


# Any configuration


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


@settings(max_examples=40, deadline=None)
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


# What is refused


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"patients": 19}, "patients is 19; it must be at least 20"),
        ({"factors": 1}, "factors is 1; it must be at least 2"),
        ({"features": {}}, "features names no view"),
        ({"features": {"protien": 5}}, "unknown view in features 'protien'; did you mean 'protein'?"),
        ({"features": {"rna": 1}}, "features.rna is 1; it must be at least 2"),
        ({"signal": 1.1}, "signal is 1.1; it must be between 0 and 1"),
        ({"sites": 0}, "sites is 0"),
        ({"sites": 301}, "sites is 301; it must be between 1 and 300"),
        ({"site_effect": -0.1}, "site_effect"),
        ({"missing_views": 1.0}, "missing_views is 1; it must be between 0 and 0.95"),
        ({"prognostic_strength": -1}, "prognostic_strength"),
        ({"predictive_strength": float("nan")}, "predictive_strength is nan"),
        ({"treatment_log_hazard_ratio": 4}, "treatment_log_hazard_ratio"),
        ({"doses": ()}, "doses is empty"),
        ({"doses": (0.0, 1.0)}, "doses is 0"),
        ({"doses": (2.0, 1.0)}, "must ascend"),
        ({"doses": (1.0, 1.0)}, "must ascend"),
        ({"doses": (1.0, float("nan"))}, "must ascend"),
        ({"event_share": 1.0}, "event_share"),
        ({"patients": 100, "response_share": 0.05}, "response_share is 0.05; it must be between 0.08"),
        ({"toxicity_share": 0.0}, "toxicity_share"),
        ({"weibull_shape": 0}, "weibull_shape"),
        ({"follow_up": 0}, "follow_up"),
        ({"accrual": 1826}, "accrual is 1826; it must be between 0 and 1825"),
        ({"dropout": 1}, "dropout"),
        ({"horizon": 3000}, "horizon is 3000; it must be between 1 and 1826"),
        ({"seed": -1}, "seed"),
    ],
)
def test_impossible_settings_are_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        SimulationConfig(**changes)
    assert sentence in str(refusal.value)
