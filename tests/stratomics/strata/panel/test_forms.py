"""Forms of a score: against plain loops, and what each form does not depend on."""

from __future__ import annotations

import numpy as np
import pytest
from panels import planted, values_of

from omics.cohort.endpoints import Response
from stratomics.strata.panel.assay.prices import PriceList
from stratomics.strata.panel.forms import FORMS
from stratomics.strata.panel.score_path import PanelSettings, ScorePath
from stratomics.strata.panel.selection import SelectionTask
from stratomics.strata.panel.target import EndpointTarget


@pytest.mark.parametrize("form", sorted(FORMS))
def test_scores_of_planted_analytes_separate_patients(form: str) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(300, 20))
    # For comparisons: the first two analytes change places.
    linear = 1.5 * (x[:, 0] - x[:, 1]) + x[:, 2] - x[:, 3]
    positive = rng.random(300) < 1 / (1 + np.exp(-linear))
    target = EndpointTarget(Response(positive, np.ones(300, dtype=np.bool_)))
    values = values_of(x)
    path = ScorePath.fit(
        values, target, [4], PriceList.equal().of(values.names), PanelSettings(form), np.random.default_rng(0)
    )
    assert set(path.scores[4].columns.tolist()) == {0, 1, 2, 3}
    score = path.estimates(values)[4]
    assert score[positive].mean() - score[~positive].mean() > score.std() * 0.8
    assert abs(score.mean()) < 1e-9


def test_ranks_are_those_of_a_loop_and_ignore_a_shift_of_the_patient() -> None:
    x = np.random.default_rng(0).normal(size=(6, 4))
    slow = [[sum(b < a for b in row) / 3 - 0.5 for a in row] for row in x.tolist()]
    ranks = FORMS["rank"].inputs(x, x)
    np.testing.assert_allclose(ranks, slow)
    np.testing.assert_array_equal(ranks, FORMS["rank"].inputs(x + np.arange(6.0)[:, None], x))
    assert (FORMS["rank"].inputs(x[:, :1], x[:, :1]) == 0).all()


def test_comparisons_ignore_any_monotone_change_of_a_patient() -> None:
    raw = np.random.default_rng(0).normal(size=(6, 4))
    compared = FORMS["ratio"].inputs(raw, raw)
    assert compared.tolist() == [
        [float(np.sign(r[0] - r[1])), float(np.sign(r[2] - r[3]))] for r in raw.tolist()
    ]
    np.testing.assert_array_equal(
        compared, FORMS["ratio"].inputs(raw, np.exp(raw) * np.arange(1.0, 7.0)[:, None])
    )


def test_the_first_pair_is_the_best_of_all_pairs() -> None:
    """k-TSP: the largest difference between the classes in the share of patients with one analyte above the other."""
    learning = planted(150, 12, np.array([1.5, -1.5]), 4)
    x, positive = learning.patients.values, learning.target.label.astype(bool)
    task = SelectionTask(x, learning.target, 4, learning.prices, np.random.default_rng(0))
    order = FORMS["ratio"].order(task, "path", x)
    best = max(
        ((i, j) for i in range(12) for j in range(i + 1, 12)),
        key=lambda pair: abs(
            (x[positive, pair[0]] > x[positive, pair[1]]).mean()
            - (x[~positive, pair[0]] > x[~positive, pair[1]]).mean()
        ),
    )
    assert tuple(order[:2].tolist()) == best
    assert len(set(order.tolist())) == 4


def test_pairs_are_of_one_view() -> None:
    learning = planted(150, 12, np.array([1.5, -1.5]), 4)
    prices = learning.prices
    apart = type(prices)(prices.analyte, prices.assay, np.array(["a", "b"] * 6))
    task = SelectionTask(learning.patients.values, learning.target, 6, apart, np.random.default_rng(0))
    order = FORMS["ratio"].order(task, "path", learning.patients.values)
    assert all(first % 2 == second % 2 for first, second in order.reshape(-1, 2).tolist())
