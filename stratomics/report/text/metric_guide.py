"""What each metric measures, and what a good value is."""

from __future__ import annotations

from collections.abc import Iterable

from stratomics.evaluation.metrics.metric import find_metric

__all__ = ["CALIBRATION_GUIDE", "METRIC_GUIDE", "TARGETING_GUIDE", "guide"]

METRIC_GUIDE = {
    "harrell_c": (
        "share of pairs of patients in which the one with the earlier event has the higher predicted risk; 0.5 is "
        "chance, 1 is perfect, and 0.7 to 0.8 is common for useful clinical models"
    ),
    "time_auc": ("the same for the event by a given time; 0.5 is chance, 1 is perfect"),
    "ibs": (
        "squared difference between predicted survival and being alive, averaged over follow-up; 0 is perfect, and a "
        "useful model is below the row of the null model"
    ),
    "auroc": (
        "share of pairs of a patient with and one without the response in which the first has the higher probability; "
        "0.5 is chance, 1 is perfect"
    ),
    "auprc": (
        "precision averaged over all shares of responders found; chance is the share of positive responses, 1 is "
        "perfect"
    ),
    "brier": (
        "squared difference between predicted probability and response; 0 is perfect, and a useful model is below the "
        "row of the null model"
    ),
    "log_loss": (
        "mean negative logarithm of the probability given to what happened; 0 is perfect, 0.693 is a coin toss"
    ),
    "calibration_slope": "1 is ideal; below 1 predictions are too extreme, above 1 too moderate",
}
"""Metric -> what it measures and what a good value is."""

CALIBRATION_GUIDE = (
    "A slope of 1 is ideal. The integrated calibration index (ICI) is the mean difference between predicted and "
    "observed probability: 0 is perfect, and below 0.05 is good. D-calibration (distribution calibration) tests "
    "whether the predicted survival curves are right over the whole of follow-up: p below 0.05 shows that they are "
    "not, and a larger p is no evidence that they are."
)

TARGETING_GUIDE = (
    "AUTOC is the benefit that treating by the score gains over treating at random, averaged over the share treated: 0 "
    "is no better than chance, and an interval above 0 shows that the score finds those who benefit."
)


def guide(metrics: Iterable[str]) -> list[str]:
    """State for each metric what it measures and what a good value is.

    Parameters
    ----------
    metrics
        Names of metrics.

    Returns
    -------
    list of str
        One sentence per metric that has an entry.

    Examples
    --------
    >>> guide(["calibration_slope"])
    ['Calibration slope: 1 is ideal; below 1 predictions are too extreme, above 1 too moderate.']
    """
    labels = {name: find_metric(name).label for name in metrics if name in METRIC_GUIDE}
    return [f"{label[0].upper()}{label[1:]}: {METRIC_GUIDE[name]}." for name, label in labels.items()]
