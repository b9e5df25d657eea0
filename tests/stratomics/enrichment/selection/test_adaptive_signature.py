"""The adaptive signature finds an interaction, and nothing where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from omics.cohort.endpoints import Response
from omics.common.errors import DataError
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.selection.adaptive_signature import (
    adaptive_signature,
    signature_interaction_p,
    signature_test,
)


def test_the_adaptive_signature_finds_a_qualitative_interaction_and_nothing_in_nothing() -> None:
    rng, n = np.random.default_rng(0), 400
    x = rng.normal(size=(n, 5))
    treated = rng.permutation(n) % 2 == 0
    for strength, differs in ((2.5, True), (0.0, False)):
        positive = rng.random(n) < 1 / (1 + np.exp(-np.where(treated, strength * x[:, 0], 0.0)))
        outcome = Response(positive, np.ones(n, dtype=np.bool_))
        result = adaptive_signature(Trial(treated, outcome, np.full(n, 0.5)), x, 0.4, draws=99)
        assert (result.p_found <= 0.01) == differs
        assert ("but in the signature group" in result.sentence) == differs
    observed = np.ones(n, dtype=np.bool_)
    for better, side in ((treated, "for"), (~treated, "against")):
        overall = Response(rng.random(n) < np.where(better, 0.7, 0.3), observed)
        result = adaptive_signature(Trial(treated, overall, np.full(n, 0.5)), x, 0.4, draws=19)
        assert f"in all patients, {side} the treatment" in result.sentence
    with pytest.raises(DataError, match="needs a randomised trial"):
        adaptive_signature(Trial(treated, outcome, randomised="adaptive"), x, 0.4)


def test_the_interaction_test_of_a_signature_finds_an_interaction_and_no_main_effect() -> None:
    rng, n = np.random.default_rng(0), 300
    x, treated = rng.normal(size=(n, 5)), rng.permutation(n) % 2 == 0
    p = {}
    for name, logit in (("interaction", 2.5 * treated * x[:, 0]), ("main", 1.5 * treated + x[:, 0])):
        positive = rng.random(n) < 1 / (1 + np.exp(-logit))
        outcome = Response(positive, np.ones(n, dtype=np.bool_))
        p[name] = signature_interaction_p(Trial(treated, outcome, np.full(n, 0.5)), x, 0.4, draws=49)
    assert p["interaction"] == 0.02
    assert p["main"] > 0.1


def test_both_tests_of_a_signature_do_not_depend_on_the_scale_of_covariates() -> None:
    rng, n = np.random.default_rng(0), 300
    x, treated = rng.normal(size=(n, 3)), rng.permutation(n) % 2 == 0
    positive = rng.random(n) < 1 / (1 + np.exp(-2.5 * treated * x[:, 0]))
    trial = Trial(treated, Response(positive, np.ones(n, dtype=np.bool_)))
    one = signature_test(trial, x, 0.4, draws=19)
    other = signature_test(trial, np.column_stack([x * [1.0, 100.0, 0.01] + 5.0, np.ones(n)]), 0.4, draws=19)
    assert one.p_interaction == other.p_interaction == 0.05
    assert (one.p_all, one.p_found) == (other.p_all, other.p_found)
    with pytest.raises(DataError, match="no covariate varies"):
        signature_test(trial, np.ones((n, 2)), 0.4, draws=19)
