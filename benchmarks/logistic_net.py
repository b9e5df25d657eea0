"""Elastic-net logistic path of 25 penalties, compared with the saga solver of scikit-learn with warm starts."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
from scipy.special import expit
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from benchmarks.clock import alternate, cpu
from models.linear.elastic_net import elastic_net_path, largest_penalty
from models.linear.logistic_net import LogisticLikelihood


def rows() -> Iterator[str]:
    for n, p in ((64, 600), (170, 3000), (680, 40)):
        rng = np.random.default_rng(0)
        x = rng.normal(size=(n, p))
        # Half of the features share one factor, as genes often do.
        x[:, : p // 2] += rng.normal(size=(n, 1))
        positive = rng.random(n) < expit(x[:, :5].sum(axis=1) - 0.5)
        likelihood = LogisticLikelihood(positive)
        penalties = largest_penalty(x, likelihood, 0.5) * np.geomspace(1, 0.05, 25)
        elastic_net_path(x, likelihood, penalties[:2], 0.5)

        def theirs() -> None:
            model = LogisticRegression(l1_ratio=0.5, solver="saga", warm_start=True, tol=1e-3, max_iter=5000)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                for penalty in penalties:  # noqa: B023  # called at once
                    model.set_params(C=1 / (penalty * n)).fit(x, positive)  # noqa: B023  # called at once

        ours, others, ratio = alternate(
            lambda: cpu(lambda: elastic_net_path(x, likelihood, penalties, 0.5)),  # noqa: B023  # called at once
            lambda: cpu(theirs),
            runs=3,
        )
        yield f"n {n}, p {p}: stratomics {ours:.3f} s, scikit-learn {others:.3f} s, ratio {ratio:.3f}"
