"""Elastic-net Cox path of 25 penalties, compared with Coxnet of scikit-survival."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sksurv.linear_model import CoxnetSurvivalAnalysis
from sksurv.util import Surv

from benchmarks.clock import alternate, cpu
from models.linear.cox_net import cox_net_path, largest_penalty


def rows() -> Iterator[str]:
    for n, p in ((74, 900), (300, 3000), (1500, 50)):
        rng = np.random.default_rng(0)
        x = rng.normal(size=(n, p))
        time, censored = rng.exponential(np.exp(-x[:, :5].sum(axis=1))), rng.exponential(1.0, n)
        event, time = time < censored, np.minimum(time, censored)
        penalties = largest_penalty(x, event, time, 0.5) * np.geomspace(1, 0.05, 25)
        theirs = CoxnetSurvivalAnalysis(
            l1_ratio=0.5, alphas=penalties, normalize=False, tol=1e-7, max_iter=10**6
        )
        outcome = Surv.from_arrays(event, time)
        cox_net_path(x, event, time, penalties[:2], 0.5)
        ours, others, ratio = alternate(
            lambda: cpu(lambda: cox_net_path(x, event, time, penalties, 0.5)),  # noqa: B023  # called at once
            lambda: cpu(lambda: theirs.fit(x, outcome)),  # noqa: B023  # called at once
        )
        yield f"n {n}, p {p}: stratomics {ours:.3f} s, scikit-survival {others:.3f} s, ratio {ratio:.2f}"
