"""Matching of factors: permutations and signs are reversed; the assignment is optimal."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from models.factors.loadings import factor_names, named_loadings, ranked_loadings
from models.factors.matching import align_loadings, congruence


def drawn(seed: int, k: int = 4) -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    return {
        view: pd.DataFrame(rng.normal(size=(p, k)), [f"g{j}" for j in range(p)], factor_names(k))
        for view, p in (("rna", 12), ("protein", 5))
    }


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_order_sign_scale_and_order_of_features_do_not_matter(seed: int, k: int) -> None:
    reference, rng = drawn(seed, k), np.random.default_rng([seed, 1])
    order, scale = rng.permutation(k), rng.choice([-2.0, 0.5], k)
    other = {
        view: pd.DataFrame(table.to_numpy()[:, order] * scale, table.index, table.columns).sample(
            frac=1, random_state=seed
        )
        for view, table in reversed(reference.items())
    }
    aligned = align_loadings(reference, other)
    np.testing.assert_allclose(congruence(reference, aligned), 1.0)
    size = np.abs(scale)[np.argsort(order)]
    for view, table in reference.items():
        pd.testing.assert_frame_equal(aligned[view].loc[table.index], table * size)


@given(st.integers(0, 2**32 - 1))
def test_the_assignment_is_optimal(seed: int) -> None:
    one, two = drawn(seed), drawn(seed + 1)
    a, b = (np.vstack([t.to_numpy() for t in x.values()]) for x in (one, two))
    products = np.abs(a.T @ b) / np.outer(np.linalg.norm(a, axis=0), np.linalg.norm(b, axis=0))
    best = max(sum(products[i, j] for i, j in enumerate(order)) for order in permutations(range(4)))
    np.testing.assert_allclose(congruence(one, align_loadings(one, two)).sum(), best)


def test_only_common_features_and_views_are_compared() -> None:
    one, two = drawn(0), drawn(0)
    two["rna"] = two["rna"].iloc[:6]
    two["rna"].loc["only here"] = 100.0
    two["other"] = two.pop("protein")
    np.testing.assert_allclose(congruence(one, align_loadings(one, two)), 1.0)


def test_a_fit_with_fewer_or_more_factors() -> None:
    reference = drawn(0, 3)
    fewer = {view: table[["factor3"]].set_axis(["factor1"], axis=1) for view, table in reference.items()}
    np.testing.assert_allclose(congruence(reference, align_loadings(reference, fewer)), [0, 0, 1])
    np.testing.assert_allclose(congruence(fewer, align_loadings(fewer, reference)), [1])


def test_without_common_features_the_congruence_is_0() -> None:
    one, two = drawn(0), {"elsewhere": drawn(0)["rna"]}
    np.testing.assert_array_equal(congruence(one, align_loadings(one, two)), 0.0)


def test_ranks_follow_absolute_loadings_and_a_view_without_features_is_absent() -> None:
    class Model:
        def loadings(self, view: str) -> np.ndarray:
            return {"rna": np.array([[0.5, -1.0], [-2.0, 1.0], [0.5, 3.0]])}[view]

    features = {"none": pd.Index([]), "rna": pd.Index(["a", "b", "c"])}
    table = ranked_loadings(named_loadings(features, Model()))  # type: ignore[arg-type]  # a model with loadings only
    assert table.to_dict("list") == {
        "factor": ["factor1"] * 3 + ["factor2"] * 3,
        "view": ["rna"] * 6,
        "feature": ["b", "a", "c", "c", "a", "b"],
        "loading": [-2.0, 0.5, 0.5, 3.0, -1.0, 1.0],
        "rank": [1, 2, 3, 1, 2, 3],
    }
