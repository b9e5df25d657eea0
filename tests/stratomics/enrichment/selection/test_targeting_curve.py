"""RATE and the targeting curve against R's grf, by hand, and over simulated trials."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trials import GOLDEN, Find

from stratomics.enrichment.selection.targeting_curve import areas, rate_of, targeting_curve


def test_rate_equals_grf_to_six_digits(shared: Find) -> None:
    table, golden = pd.read_csv(shared("reference/actg175_ipw_scores.csv")), GOLDEN["rate"]
    benefit = table["score"].to_numpy()
    for name in ("age", "negcd40"):
        rate = rate_of(benefit, table[name].to_numpy())
        assert rate.average == pytest.approx(golden["ate"], abs=5.1e-7)
        assert rate.autoc.estimate == pytest.approx(golden[name]["autoc"], abs=5.1e-7)
        assert rate.qini.estimate == pytest.approx(golden[name]["qini"], abs=5.1e-7)
        assert rate.autoc.se == pytest.approx(golden[name]["autoc_se"], rel=0.08)
        assert rate.qini.se == pytest.approx(golden[name]["qini_se"], rel=0.08)
        assert rate.curve[-1] == 0.0
        assert rate.curve.mean() == pytest.approx(rate.autoc.estimate)
    constant = rate_of(benefit, np.ones(len(benefit)))
    assert constant.autoc.estimate == constant.qini.estimate == 0.0
    assert constant.p_autoc == 1.0


@given(st.integers(0, 10_000), st.integers(5, 40))
def test_the_targeting_curve_by_hand(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    benefit, priority = rng.normal(size=n), rng.integers(0, 5, n).astype(float)
    group = {p: benefit[priority == p].mean() for p in np.unique(priority)}
    ordered = np.array([group[p] for p in sorted(priority, reverse=True)])
    by_hand = [ordered[: k + 1].mean() - benefit.mean() for k in range(n)]
    curve, _ = targeting_curve(benefit, priority, np.ones((1, n)))
    assert curve[0] == pytest.approx(by_hand, abs=1e-9)
    autoc, qini = areas(benefit, priority, np.ones((1, n)))[0]
    assert autoc == pytest.approx(np.mean(by_hand), abs=1e-9)
    assert qini == pytest.approx(np.mean(np.array(by_hand) * np.arange(1, n + 1) / n), abs=1e-9)


def test_the_half_sample_error_is_the_standard_deviation_over_trials() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(300, 200))
    rates = [rate_of(row + rng.normal(size=200), row, seed=k, halves=100) for k, row in enumerate(truth)]
    spread = np.std([rate.autoc.estimate for rate in rates], ddof=1)
    assert np.mean([rate.autoc.se for rate in rates]) == pytest.approx(spread, rel=0.12)
