"""ROC and precision-recall curves against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from stratomics.evaluation.metrics.response_curves import response_curves


@pytest.mark.parametrize("digits", [1, 8], ids=["ties", "no ties"])
def test_curves_are_those_of_scikit_learn(digits: int) -> None:
    rng = np.random.default_rng(digits)
    positive = rng.random(90) < 0.4
    probability = (0.3 * positive + rng.random(90)).round(digits)
    curves = response_curves(positive, probability)
    false_positive, sensitivity, _ = roc_curve(positive, probability, drop_intermediate=False)
    np.testing.assert_allclose(curves.false_positive, false_positive)
    np.testing.assert_allclose(curves.sensitivity, sensitivity)
    area = np.trapezoid(curves.sensitivity, curves.false_positive)
    assert area == pytest.approx(roc_auc_score(positive, probability))
    steps = (np.diff(curves.recall) * curves.precision[1:]).sum()
    assert steps == pytest.approx(average_precision_score(positive, probability))
    precision, recall, _ = precision_recall_curve(positive, probability)
    np.testing.assert_allclose(curves.precision[1:], precision[-2::-1])
    np.testing.assert_allclose(curves.recall[1:], recall[-2::-1])
