"""External validation: nearly one class, all numbers of the page, and metrics that need both classes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from gbsg import gbsg_cases
from response_cases import one_fold

from stratomics.evaluation.comparison import resamples
from stratomics.transportability.external import fewest_outcomes, metrics_of, share, validate


def test_gbsg_in_one_page(shared) -> None:
    cases = gbsg_cases(shared)
    found = validate(cases, pd.DataFrame({"sample_id": range(686)}), resamples(np.arange(686), 30, 1))
    assert (found.patients, found.events, found.fewest, found.known) == (686, 285, 285, True)
    # monitoring-numbers.md, section 1.
    assert found.observed == pytest.approx(0.5083551, abs=5e-7)
    assert found.expected == pytest.approx(0.4996658, abs=5e-7)
    assert found.metrics["uno_c"]["estimate"] == pytest.approx(0.6353713, abs=2e-4)
    assert found.metrics["ici"]["estimate"] == pytest.approx(0.0302, abs=0.005)
    assert found.expected_discrimination == pytest.approx(0.640037, abs=5e-7)
    assert found.abstained is None
    assert found.coverage == []


def test_115_of_123_leave_discrimination_and_slope_unknown() -> None:
    rng = np.random.default_rng(0)
    positive, p = np.arange(123) >= 8, rng.uniform(0.3, 0.9, 123)
    found = validate(
        one_fold(positive, p[None]),
        pd.DataFrame({"sample_id": range(123)}),
        resamples(np.arange(123), 50, 1),
        np.arange(123) < 3,
    )
    assert (found.fewest, found.known, found.slope) == (8, False, None)
    assert not {"auroc", "auprc"} & set(found.metrics)
    assert found.metrics["brier"]["low"] < found.metrics["brier"]["estimate"]
    assert found.ratio["low"] > 1.0
    assert found.difference["estimate"] == pytest.approx(115 / 123 - p.mean())
    assert found.abstained["estimate"] == pytest.approx(3 / 123)


def test_one_class_has_a_loss_and_no_discrimination() -> None:
    cases = one_fold(np.ones(30, dtype=bool), np.linspace(0.1, 0.9, 30)[None])
    assert fewest_outcomes(cases) == 0
    found = metrics_of(cases, np.ones((1, 30)))
    assert "auroc" not in found
    assert found["brier"]["estimate"] == pytest.approx(((1 - np.linspace(0.1, 0.9, 30)) ** 2).mean())


def test_nobody_asked_has_no_share() -> None:
    assert share(None) is None
    assert share(np.zeros(20, dtype=bool))["high"] == pytest.approx(0.1684, abs=1e-4)
