"""Mean doubly robust benefit against a causal forest of R's grf, and with covariates."""

from __future__ import annotations

import numpy as np
import pytest
from trials import GOLDEN, Find, big198

from omics.cohort.endpoints import Survival
from stratomics.enrichment.effects.pseudo_outcomes import pseudo_outcomes
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.selection.targeting_curve import rate_of


def test_big198_agrees_with_a_causal_forest(shared: Find) -> None:
    trial, ki67 = big198(shared)
    golden = GOLDEN["big198_rmst"]
    pseudo = pseudo_outcomes(trial, ki67[:, None], horizon=golden["horizon"])
    assert abs(pseudo.average.estimate - golden["average"]) < 2 * golden["average_se"]
    assert pseudo.average.se == pytest.approx(golden["average_se"], rel=0.15)
    rate = rate_of(pseudo.value, ki67)
    assert abs(rate.autoc.estimate - golden["autoc"]) < 2 * golden["autoc_se"]
    assert rate.autoc.se == pytest.approx(golden["autoc_se"], rel=0.15)


def test_covariates_reduce_the_standard_error() -> None:
    rng, n = np.random.default_rng(1), 400
    x = rng.normal(size=(n, 1))
    treated = rng.permutation(n) % 2 == 0
    time, censored = rng.exponential(np.exp(x[:, 0] + 0.3 * treated)), rng.exponential(4.0, n)
    outcome = Survival(np.minimum(time, censored), time < censored, np.ones(n, dtype=np.bool_))
    trial = Trial(treated, outcome, np.full(n, 0.5))
    with_x, without = (pseudo_outcomes(trial, c, horizon=1.0).average for c in (x, None))
    assert with_x.se < 0.9 * without.se
