"""Lines of the card on steadiness: factors and performance another time, and patients unlike those of training."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from models.calibration.abstention import MOST_OUTLYING
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.evaluation.variability import fold_ranks, repeat_scores
from stratomics.report.card.line import FAIL, PASS, WATCH, EvaluatedRun, Line, graded, known, worst
from stratomics.report.text.controls_and_views import design_of_run

__all__ = ["ood_score", "stability"]

POOR = 0.5
"""Share of factors that another cohort would hardly show; a few are always to spare, most of them are a warning."""

LUCK = (0.5, 1.0)
"""Standard deviation of the repeats, over half the width of the interval: above a half, how patients were
parted matters as much as a fourth of what patients were drawn (variances add); above one, more than all of it."""

CHANCE = 0.5
BELOW = 1 / 3
"""Share of folds no better than chance that fails; any of them is to be watched."""

UNLIKE = (0.15, 0.30)
"""Share of outlying patients: three and six times those expected."""

ABSTAINED = (0.2, 0.5)
"""Share for whom the models abstain: one in five limits the use, one in two makes what is left another population."""


def stability(run: EvaluatedRun) -> Line:
    """Judge factors of halves of the patients, the luck of parting them, and folds at chance."""
    verdicts, said = zip(*_stable(run), strict=True)
    return Line("stability", "Stability", worst(verdicts), " ".join(said), "factors")


def _stable(run: EvaluatedRun) -> Iterator[tuple[str, str]]:
    table = run.factor_stability
    if table is None or not len(table):
        yield WATCH, "How stable the factors are was not looked at."
    else:
        poor = int((table["verdict"] == "poor").sum())
        words = f"{poor} of {len(table)} factors are poor: another cohort would hardly show them."
        sure = bool(np.isfinite(table["stability"]).all())
        yield WATCH if poor > POOR * len(table) or not sure else PASS, words
    yield _luck(run)
    ranks = fold_ranks(run.cases["stratomics"], run.kind)
    if not len(ranks):
        yield WATCH, "No fold says anything of its own."
        return
    below = int((ranks <= CHANCE).sum())
    words = (
        f"{below} of {len(ranks)} folds are no better than chance ({ranks.min():.2f} to {ranks.max():.2f})."
    )
    yield FAIL if below > BELOW * len(ranks) else WATCH if below else PASS, words


def _luck(run: EvaluatedRun) -> tuple[str, str]:
    metric = run.metrics["metric"]
    figure, label = run.metrics[run.endpoint][metric], find_metric(metric).label
    scores = repeat_scores(run.cases["stratomics"], metric)
    if len(scores) == 1:
        if design_of_run(run.provenance) != "kfold":
            return PASS, "Who trains and who is evaluated was given, so that no luck of drawing is in it."
        return WATCH, "One repeat: how much the luck of the folds matters is not known."
    half, sd = (figure["high"] - figure["low"]) / 2, float(np.std(scores, ddof=1))
    if not known(half, sd):
        return WATCH, "How much the luck of the folds matters is not known."
    words = f"{label} has a standard deviation of {sd:.3f} among {len(scores)} repeats; "
    words += f"its interval is {half:.3f} each way."
    return graded(sd / half if half > 0 else None, *LUCK), words


def ood_score(run: EvaluatedRun) -> Line:
    """Count patients for whom the models abstain, and those unlike the patients of training."""
    table = run.predictions["stratomics"].patients
    name, check, section = "outlying", "Patients it does not know", "uncertainty"
    if "abstain" not in table or "ood" not in table:
        return Line(name, check, WATCH, "Abstention was not predicted.", section)
    # Repeats of a patient are averaged first.
    own = table[["sample_id", "abstain", "ood"]].astype({"abstain": float})
    if own.isna().any(axis=None):
        return Line(name, check, WATCH, "For some patients abstention is not known.", section)
    own = own.groupby("sample_id").mean()
    abstained, unlike = float((own["abstain"] > CHANCE).mean()), float((own["ood"] > MOST_OUTLYING).mean())
    said = (
        f"The models abstain for {abstained:.0%} of the patients; {unlike:.0%} are less like the patients of "
        "training than 19 of 20 of those are."
    )
    return Line(name, check, worst([graded(abstained, *ABSTAINED), graded(unlike, *UNLIKE)]), said, section)
