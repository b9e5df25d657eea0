"""Linear attributions: golden values, all coalitions with arms, and shap's LinearExplainer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from models.ensemble.inputs import ARM, COVARIATES, FACTORS, InputLayout
from stratomics.explanation.exact.linear import linear_parts
from stratomics.explanation.exact.shapley import coalitions, shapley_values


def test_golden_values() -> None:
    # Section 8 of the reference numbers: beta (.8, -.5, .3), mean (.1, .2, -.4), x (1, -1, 2).
    layout = InputLayout({COVARIATES: 3})
    z = {COVARIATES: np.array([[0.1, 0.2, -0.4]])}
    x = {COVARIATES: np.array([[1.0, -1.0, 2.0]])}
    parts = linear_parts(layout, np.array([0.8, -0.5, 0.3]), (x, np.zeros(1)), (z, np.zeros(1)))
    np.testing.assert_allclose(parts.values[COVARIATES][0], [0.72, 0.60, 0.72], atol=1e-15)
    np.testing.assert_allclose(parts.values[COVARIATES].sum(), 2.04, atol=1e-15)


def test_a_correlated_input_without_coefficient_has_no_share() -> None:
    # The interventional answer (1, 0); the conditional one would be (.6, .4) for a correlation of .8.
    layout, rng = InputLayout({FACTORS: 2}), np.random.default_rng(0)
    z = rng.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], size=200)
    z -= z.mean(axis=0)
    one = (np.zeros(1), np.zeros(200))
    parts = linear_parts(
        layout, np.array([1.0, 0.0]), ({FACTORS: np.ones((1, 2))}, one[0]), ({FACTORS: z}, one[1])
    )
    np.testing.assert_allclose(parts.values[FACTORS][0], [1.0, 0.0], atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_products_with_the_arm_by_all_coalitions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    layout = InputLayout({COVARIATES: 2, FACTORS: 2, "view.rna": 1}, arms=True)
    weights = rng.normal(size=layout.total)

    def blocks(n: int) -> tuple[dict[str, Any], Any]:
        return {name: rng.normal(size=(n, width)) for name, width in layout.widths.items()}, rng.choice(
            [-1.0, 1.0], n
        )

    (x, arm), (z, arm_z) = blocks(3), blocks(20)
    parts = linear_parts(layout, weights, (x, arm), (z, arm_z))
    flat, other = (np.hstack([*one.values()]) for one in (x, z))
    inside = coalitions(6)
    for row in range(3):
        worth = []
        for members in inside:
            mixed = np.where(members[:5], flat[row], other)
            arms = np.full(20, arm[row]) if members[5] else arm_z
            worth.append(float((layout.with_arm(mixed, arms) @ weights).mean()))
        expected = shapley_values(np.array(worth))
        found = np.concatenate([*(parts.values[name][row] for name in layout.widths), parts.values[ARM][row]])
        np.testing.assert_allclose(found, expected, atol=1e-12)
        np.testing.assert_allclose(parts.base, worth[0], atol=1e-12)


def test_shap_gives_the_same() -> None:
    shap = pytest.importorskip("shap")
    rng = np.random.default_rng(1)
    x, z, weights = rng.normal(size=(10, 8)), rng.normal(size=(30, 8)) + 0.3, rng.normal(size=8)
    layout = InputLayout({COVARIATES: 8})
    parts = linear_parts(layout, weights, ({COVARIATES: x}, np.zeros(10)), ({COVARIATES: z}, np.zeros(30)))
    masker = shap.maskers.Independent(z, max_samples=len(z))
    expected = shap.LinearExplainer((weights, 0.0), masker).shap_values(x)
    np.testing.assert_allclose(parts.values[COVARIATES], expected, atol=1e-8)
