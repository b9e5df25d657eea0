"""Checks of stability (factors, repeats and folds) and of out-of-distribution patients."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from models.calibration.abstention import OOD_LIMIT
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.evaluation.variability import fold_discrimination, repeat_scores
from stratomics.report.card.line import FAIL, PASS, WATCH, EvaluatedRun, Line, all_finite, graded, worst
from stratomics.report.text.split_design import split_design

__all__ = ["factor_verdict", "ood_score", "stability"]

POOR = 1 / 3
"""Share of factors with poor stability above which the verdict is WATCH; a few unstable factors are common."""

SPLIT_VARIABILITY = (0.5, 1.0)
"""Standard deviation between repeats divided by half the width of the interval. Variances add, so a ratio of a half
is a quarter on the scale of variances; above one, the split matters more than the whole interval."""

CHANCE = 0.5
BELOW = 1 / 3
"""Share of folds no better than chance above which the verdict is FAIL; a single one gives WATCH."""

OUT_OF_DISTRIBUTION = (0.15, 0.30)
"""Share of out-of-distribution patients: three and six times the expected share."""

ABSTAINED = (0.2, 0.5)
"""Share of abstentions: one in five limits the use; with one in two, the remaining patients are another population."""


def stability(run: EvaluatedRun) -> Line:
    """Evaluate the stability of factors, the variability between splits, and folds at chance."""
    verdicts, reasons = zip(*_stability(run), strict=True)
    return Line("stability", "Stability", worst(verdicts), " ".join(reasons), "factors")


def factor_verdict(table: pd.DataFrame) -> str:
    """Grade the stability of the factors.

    Parameters
    ----------
    table
        One row per factor, from :func:`models.factors.stability.stability`.

    Returns
    -------
    str
        WATCH if more than a third of the factors are poor, or a stability is not known; PASS otherwise.
    """
    complete = bool(np.isfinite(table["stability"]).all())
    poor = int((table["verdict"] == "poor").sum())
    return PASS if complete and poor <= POOR * len(table) else WATCH


def _stability(run: EvaluatedRun) -> Iterator[tuple[str, str]]:
    table = run.factor_stability
    if table is None or not len(table):
        yield WATCH, "The stability of the factors was not evaluated."
    else:
        poor = int((table["verdict"] == "poor").sum())
        text = f"{poor} of {len(table)} factors have poor stability: they are unlikely to be found in another cohort."
        yield factor_verdict(table), text
    yield _split_variability(run)
    ranks = fold_discrimination(run.cases["stratomics"], run.kind)
    if not len(ranks):
        yield WATCH, "Performance cannot be evaluated within any fold."
        return
    below = int((ranks <= CHANCE).sum())
    text = (
        f"{below} of {len(ranks)} folds are no better than chance ({ranks.min():.2f} to {ranks.max():.2f})."
    )
    yield FAIL if below > BELOW * len(ranks) else WATCH if below else PASS, text


def _split_variability(run: EvaluatedRun) -> tuple[str, str]:
    metric = run.metrics["metric"]
    figure, label = run.metrics[run.endpoint][metric], find_metric(metric).label
    scores = repeat_scores(run.cases["stratomics"], metric)
    if len(scores) == 1:
        if split_design(run.provenance) != "kfold":
            return (
                PASS,
                "The design fixes training and evaluated patients, so there is no variability between splits.",
            )
        return WATCH, "There is one repeat only: the variability between splits is not available."
    half, sd = (figure["high"] - figure["low"]) / 2, float(np.std(scores, ddof=1))
    if not all_finite(half, sd):
        return WATCH, "The variability between splits is not available."
    text = f"{label} has a standard deviation of {sd:.3f} between {len(scores)} repeats; "
    text += f"half the width of its interval is {half:.3f}."
    return graded(sd / half if half > 0 else None, *SPLIT_VARIABILITY), text


def ood_score(run: EvaluatedRun) -> Line:
    """Count patients for whom the models abstain, and patients out of distribution."""
    table = run.predictions["stratomics"].patients
    name, check, section = "ood", "Out-of-distribution patients", "uncertainty"
    if "abstain" not in table or "ood" not in table:
        return Line(name, check, WATCH, "Abstention was not predicted.", section)
    # Repeats of a patient are averaged first.
    values = table[["sample_id", "abstain", "ood"]].astype({"abstain": float})
    if values.isna().any(axis=None):
        return Line(name, check, WATCH, "Abstention is not available for some patients.", section)
    values = values.groupby("sample_id").mean()
    abstained = float((values["abstain"] > CHANCE).mean())
    unlike = float((values["ood"] > OOD_LIMIT).mean())
    text = f"The models abstain for {abstained:.0%} of the patients; "
    text += f"{unlike:.0%} are out of distribution (5% expected)."
    verdict = worst([graded(abstained, *ABSTAINED), graded(unlike, *OUT_OF_DISTRIBUTION)])
    return Line(name, check, verdict, text, section)
