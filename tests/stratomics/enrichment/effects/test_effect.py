"""Treatment effects against R, lifelines and scikit-survival, and against tables with repeated rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter
from sksurv.linear_model import CoxPHSurvivalAnalysis
from sksurv.nonparametric import kaplan_meier_estimator
from sksurv.util import Surv
from trials import GOLDEN, Find, actg175, big198, response_trial, survival_trial

from omics.cohort.endpoints import Survival
from omics.common.errors import ConfigError, DataError
from stratomics.enrichment.effects.effect import MEASURES, Effect, effect_of, mean_difference, measure_of
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.effects.two_arm_cox import two_arm_cox
from stratomics.enrichment.effects.two_arm_curves import two_arm_curves
from stratomics.enrichment.read_trial import trial_of

EFFECTS = GOLDEN["effects"]


def colon(table: pd.DataFrame, time: str, event: str) -> Trial:
    return trial_of(table, "trt", "0", time=time, event=event)[0]


def golden_trials(shared: Find) -> dict[str, Trial]:
    gbsg2, pbc = pd.read_csv(shared("trials/gbsg2.csv")), pd.read_csv(shared("trials/pbc_rct.csv"))
    veteran, both = (
        pd.read_csv(shared("trials/veteran.csv")),
        pd.read_csv(shared("trials/colon_5fu_vs_obs.csv")),
    )
    pbc["dead"] = (pbc["status"] == 2).astype(int)
    return {
        "actg175_any": trial_of(actg175(shared), "drug", "0", time="days", event="cens")[0],
        "colon_os": colon(both, "time_death", "death"),
        "colon_recurrence": colon(both, "time_rec", "rec"),
        "big198": big198(shared)[0],
        "gbsg2": trial_of(gbsg2, "horTh", "no", time="time", event="cens")[0],
        "veteran": trial_of(veteran, "trt", "1", time="time", event="status")[0],
        "pbc": trial_of(pbc, "trt", "1", time="time", event="dead")[0],
    }


def test_hazard_ratios_of_seven_real_trials_equal_r(shared: Find) -> None:
    for name, trial in golden_trials(shared).items():
        effect, truth = effect_of(measure_of(trial), np.ones(len(trial))), EFFECTS[name]
        assert effect.estimate == pytest.approx(truth["hr"], abs=5.1e-6), name
        assert [effect.low, effect.high] == pytest.approx([truth["low"], truth["high"]], abs=5.1e-5), name


@pytest.mark.parametrize("name", ["actg175_rmst_1000", "colon_rmst_1825"])
def test_restricted_means_equal_r(shared: Find, name: str) -> None:
    trials = golden_trials(shared)
    trial, horizon = (trials["actg175_any"], 1000.0) if "actg" in name else (trials["colon_os"], 1825.0)
    outcome, one, truth = trial.survival, np.ones((1, len(trial))), EFFECTS[name]
    value, se = two_arm_curves(trial.treated, outcome.event, outcome.time, one, horizon)
    assert value[0, :, 0] == pytest.approx([truth["control"], truth["treated"]], abs=5.1e-3)
    assert se[0, :, 0] == pytest.approx([truth["control_se"], truth["treated_se"]], abs=5.1e-3)
    effect = effect_of(measure_of(trial, "rmst", horizon), one[0])
    assert effect.estimate == pytest.approx(truth["difference"], abs=0.051)
    assert effect.se == pytest.approx(truth["se"], abs=0.051)


def test_rates_of_actg175(shared: Find) -> None:
    table = actg175(shared)
    rates = table.groupby("drug")["response"].mean()
    assert rates[0] == pytest.approx(EFFECTS["actg175_response"]["control"], abs=5.1e-5)
    assert rates[1] == pytest.approx(EFFECTS["actg175_response"]["treated"], abs=5.1e-5)
    assert table.groupby("arms")["offtrt"].mean().to_list() == pytest.approx(
        EFFECTS["actg175_off_treatment"], abs=5.1e-4
    )
    effect = effect_of(measure_of(trial_of(table, "drug", "0", response="response")[0]), np.ones(len(table)))
    assert effect.estimate == pytest.approx(rates[1] - rates[0])


@pytest.mark.parametrize("ties", [False, True])
def test_the_log_hazard_ratio_equals_a_general_cox_regression(ties: bool) -> None:
    for seed in range(5):
        trial = survival_trial(seed, ties=ties)
        event, time, x = trial.survival.event, trial.survival.time, trial.treated[:, None].astype(float)
        theirs = CoxPHSurvivalAnalysis(ties="efron", tol=1e-12).fit(x, Surv.from_arrays(event, time)).coef_[0]
        value, se = measure_of(trial).effects(np.ones((1, len(trial))))
        assert value[0] == pytest.approx(theirs, abs=1e-7)
        # lifelines converges less closely, but returns standard errors.
        table = pd.DataFrame({"t": time, "e": event, "x": x[:, 0]})
        expected = CoxPHFitter().fit(table, "t", "e").summary.loc["x", "se(coef)"]
        assert se[0] == pytest.approx(expected, rel=1e-4)


def test_a_patient_that_counts_twice_equals_two_rows() -> None:
    trial, rng = survival_trial(1, ties=True), np.random.default_rng(0)
    count = rng.multinomial(len(trial), np.full(len(trial), 1 / len(trial)), size=3).astype(float)
    horizon = 1.0
    for name in MEASURES["survival"]:
        value, se = measure_of(trial, name, horizon).effects(count)
        for draw, row in enumerate(count):
            repeated = trial.take(np.repeat(np.arange(len(trial)), row.astype(int)))
            one = measure_of(repeated, name, horizon).effects(np.ones((1, len(repeated))))
            assert [value[draw], se[draw]] == pytest.approx([one[0][0], one[1][0]], abs=1e-10), name


def test_survival_at_a_time_equals_scikit_survival() -> None:
    trial = survival_trial(3, ties=True)
    value, se = two_arm_curves(
        trial.treated, trial.survival.event, trial.survival.time, np.ones((1, len(trial))), 1.25
    )
    for arm, rows in enumerate((~trial.treated, trial.treated)):
        event, time = trial.survival.event[rows], trial.survival.time[rows]
        times, curve = kaplan_meier_estimator(event, time)
        assert value[0, arm, 1] == pytest.approx(curve[times <= 1.25][-1])
        # Greenwood's formula.
        total = sum(
            d / (r * (r - d))
            for t in np.unique(time[event & (time <= 1.25)])
            for d, r in [(int((event & (time == t)).sum()), int((time >= t).sum()))]
        )
        assert se[0, arm, 1] == pytest.approx(curve[times <= 1.25][-1] * np.sqrt(total))


def test_a_restricted_mean_without_censoring_is_a_mean() -> None:
    trial = survival_trial(4)
    all_events = np.ones(len(trial), dtype=np.bool_)
    value, _ = two_arm_curves(trial.treated, all_events, trial.survival.time, np.ones((1, len(trial))), 0.8)
    lived = np.minimum(trial.survival.time, 0.8)
    assert value[0, :, 0] == pytest.approx([lived[~trial.treated].mean(), lived[trial.treated].mean()])


def test_swapped_arms_reverse_effects() -> None:
    trial = survival_trial(5)
    other = Trial(~trial.treated, trial.outcome)
    one = np.ones((1, len(trial)))
    for name in MEASURES["survival"]:
        there, back = (measure_of(t, name, 1.0).effects(one) for t in (trial, other))
        assert there[0] == pytest.approx(-back[0], abs=1e-9)
        assert there[1] == pytest.approx(back[1], abs=1e-9)


def test_an_effect_that_cannot_be_estimated_is_nan_and_then_an_error() -> None:
    trial = survival_trial(6)
    controls_only = (~trial.treated).astype(float)
    for name in MEASURES["survival"]:
        assert np.isnan(measure_of(trial, name, 1.0).effects(controls_only[None])[0][0])
        with pytest.raises(DataError, match="can be estimated"):
            effect_of(measure_of(trial, name, 1.0), controls_only)
    late = measure_of(trial, "rmst", float(trial.survival.time.max()) + 1)
    with pytest.raises(DataError, match="earlier horizon"):
        effect_of(late, np.ones(len(trial)))
    censored = trial.survival.event & ~trial.treated
    value, _ = two_arm_cox(trial.treated, censored, trial.survival.time, np.ones((1, len(trial))))
    assert np.isnan(value[0])


def test_mean_difference_equals_welch() -> None:
    from scipy.stats import ttest_ind

    rng, treated = np.random.default_rng(0), np.arange(30) < 12
    y = rng.normal(size=30)
    value, se = mean_difference(treated, y, np.ones((1, 30)))
    theirs = ttest_ind(y[treated], y[~treated], equal_var=False)
    assert value[0] / se[0] == pytest.approx(theirs.statistic)


def test_an_unknown_measure_suggests_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match="did you mean 'rmst'"):
        measure_of(survival_trial(0), "rmts")
    with pytest.raises(ConfigError, match="choose one of response"):
        measure_of(response_trial(0), "hazard_ratio")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"treated": np.arange(40) < 4}, "the treated arm has 4 patients"),
        ({"event": np.arange(40) < 20}, "the control arm has no events"),
        ({"probability": np.append(np.full(39, 0.5), 1.0)}, "strictly between 0 and 1"),
    ],
)
def test_a_trial_that_cannot_be_compared_is_refused(change: dict[str, Any], sentence: str) -> None:
    parts: dict[str, Any] = {
        "treated": np.arange(40) < 20,
        "event": np.ones(40, dtype=np.bool_),
        "probability": None,
    }
    parts |= change
    outcome = Survival(np.arange(1.0, 41.0), parts["event"], np.ones(40, dtype=np.bool_))
    with pytest.raises(DataError, match=sentence):
        Trial(parts["treated"], outcome, parts["probability"])


def test_an_effect_prints_its_estimate_and_interval() -> None:
    assert str(Effect.of(np.log(0.635), 0.117, ratio=True)) == "0.635 (0.505 to 0.799)"
    assert str(Effect.of(0.1, 0.05, ratio=False)) == "0.100 (0.002 to 0.198)"


def test_an_arm_with_all_deaths_before_the_other_has_no_ratio() -> None:
    treated, time = np.arange(20) < 10, np.arange(1.0, 21.0)
    all_events, one = np.ones(20, dtype=np.bool_), np.ones((1, 20))
    assert np.isnan(two_arm_cox(treated, all_events, time, one)[0][0])
    # One patient who outlives one of the other arm is enough.
    assert np.isfinite(two_arm_cox(treated, all_events, np.append(time[:9], [11.5, *time[10:]]), one)[0][0])
