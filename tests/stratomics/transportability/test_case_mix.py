"""Discrimination that the case mix lets one expect: published figures, pairs counted one by one, permuted outcomes."""

from __future__ import annotations

import numpy as np
import pytest
from gbsg import predicted
from hypothesis import given
from hypothesis import strategies as st
from response_cases import made_up_response
from survival_cases import made_up

from stratomics.transportability.case_mix import (
    expected_discrimination,
    model_based_auroc,
    model_based_concordance,
)


def test_gbsg_as_in_the_reference(shared) -> None:
    # Made by monitoring-scripts/mbc.R and trans.py: van Klaveren's model-based concordance of the log hazards.
    lp = predicted(shared)["lp"].to_numpy()
    assert model_based_concordance(lp) == pytest.approx(0.640037, abs=5e-7)
    assert model_based_concordance(1.056204 * lp) == pytest.approx(0.646822, abs=5e-7)


def test_the_expected_auc_of_five_patients() -> None:
    # reference/monitoring-numbers.md, section 6: p = .1 .2 .4 .7 .9 gives .887453875, by pairs the same.
    assert model_based_auroc(np.array([0.9, 0.2, 0.1, 0.7, 0.4])) == pytest.approx(0.887453875, abs=5e-10)


@given(st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]), min_size=2, max_size=12))
def test_auroc_equals_the_count_of_pairs(values: list[float]) -> None:
    p = np.array(values)
    right = pairs = 0.0
    for i in range(len(p)):
        for j in range(len(p)):
            if i != j:
                weight = p[i] * (1 - p[j])
                pairs += weight
                right += weight * ((p[i] > p[j]) + 0.5 * (p[i] == p[j]))
    assert model_based_auroc(p) == pytest.approx(right / pairs if pairs > 0 else np.nan, nan_ok=True)


@given(st.lists(st.integers(-3, 3), min_size=2, max_size=15))
def test_concordance_equals_the_count_of_pairs(values: list[int]) -> None:
    x = np.array(values, dtype=float)
    terms = [1 / (1 + np.exp(-abs(a - b))) for k, a in enumerate(x) for b in x[k + 1 :] if a != b]
    expected = np.mean(terms) if terms else np.nan
    assert model_based_concordance(x) == pytest.approx(expected, nan_ok=True)


def test_memory_is_linear_in_the_patients() -> None:
    x = np.random.default_rng(0).normal(size=3000)
    assert model_based_concordance(x) == pytest.approx(
        np.mean([model_based_concordance(x[part::3]) for part in range(3)]), abs=0.01
    )


@pytest.mark.parametrize("cases", [made_up(), made_up_response()])
def test_outcomes_do_not_count(cases) -> None:
    order = np.random.default_rng(0).permutation(len(cases))
    moved = cases.take(order)
    assert expected_discrimination(cases) == pytest.approx(expected_discrimination(moved))
    assert 0.5 < expected_discrimination(cases) < 1.0
