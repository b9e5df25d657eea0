"""The curve of panels that predict the benefit of treatment, against the same effect for all patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from models.linear.group_ridge import likelihood_of
from omics.cohort.endpoints import Survival
from omics.common.seeds import named_generator
from stratomics.evaluation.intervals import Estimate, percentile_estimate, with_training_variability
from stratomics.evaluation.treatment_interaction import interaction
from stratomics.strata.panel.agreement import selection_stability
from stratomics.strata.panel.assay.prices import Prices
from stratomics.strata.panel.calibration import BenefitCalibration
from stratomics.strata.panel.curve import NULL, SLOPE, CurvePoint, PanelCurve, smallest_sufficient
from stratomics.strata.panel.nested import FoldScores
from stratomics.strata.panel.target import BenefitTarget

__all__ = ["BENEFIT", "benefit_curve"]

Array = NDArray[np.float64]

BENEFIT, DEVIANCE = "benefit", "effect_deviance"
NORMAL = 1.959963984540054
SAME = 0
"""Number of analytes of the same effect for all patients."""


def benefit_curve(
    scores: Mapping[int, Sequence[FoldScores]],
    target: BenefitTarget,
    endpoint: str,
    prices: Prices,
    draws: int,
    seed: int,
) -> PanelCurve:
    """Evaluate panels of several sizes that predict the effect of treatment.

    The loss is the negative log (partial) likelihood per patient of a test fold, given the arm times the predicted
    effect. It is compared with the same average effect for all patients, estimated in the training patients. The
    calibration slope is that of the interaction of the arm with the predicted effect.

    Parameters
    ----------
    scores
        Number of analytes -> scores of the outer folds.
    target
        The evaluated patients.
    endpoint
        Name of the endpoint.
    prices
        Price of each analyte.
    draws, seed
        Number of bootstrap resamples of the patients, and seed.

    Returns
    -------
    PanelCurve
        Of kind ``benefit``; 0 is best for no loss in particular, and lower is better.
    """
    numbers = sorted(scores)
    losses = _losses(scores, target, draws, seed)
    fold = np.array([[part.fold.number for part in scores[numbers[0]]]])
    points = []
    for number in numbers:
        columns = [part.columns for part in scores[number]]
        difference = with_training_variability(losses[number] - losses[SAME], fold)
        points.append(
            CurvePoint(
                number,
                {DEVIANCE: _estimate(losses[number], fold), SLOPE: _slope(scores[number], target)},
                {NULL: percentile_estimate(difference)},
                selection_stability(columns, len(prices.analyte)) if len(columns) > 1 else {"estimate": 1.0},
                float(np.mean([prices.total(one.tolist()) for one in columns])),
            )
        )
    sufficient = smallest_sufficient({number: losses[number] for number in numbers}, fold)
    high = next(point.differences[NULL]["high"] for point in points if point.analytes == sufficient)
    reason = (
        None if high < 0 else "its loss is not clearly lower than that of the same effect for all patients"
    )
    references = {NULL: {DEVIANCE: _estimate(losses[SAME], fold)}}
    return PanelCurve(endpoint, BENEFIT, tuple(points), references, sufficient, reason)


def _losses(
    scores: Mapping[int, Sequence[FoldScores]], target: BenefitTarget, draws: int, seed: int
) -> dict[int, Array]:
    """Mean the loss over the folds (1 + draws,), in all patients and in each resample, by number of analytes."""
    generator = named_generator(seed, "panel", "bootstrap")
    n, first = len(target.arm), next(iter(scores.values()))
    times = [np.ones(n, dtype=np.int64)]
    times += [np.bincount(generator.integers(n, size=n), minlength=n) for _ in range(draws)]
    sign = -1.0 if isinstance(target.outcome, Survival) else 1.0
    losses = {number: np.full((len(times), len(first)), np.nan) for number in (SAME, *scores)}
    for place, part in enumerate(first):
        effects = {
            number: parts[place].calibration.level(parts[place].score) for number, parts in scores.items()
        }
        calibration = part.calibration
        assert isinstance(calibration, BenefitCalibration)
        effects[SAME] = np.full(len(part.fold.test), calibration.average)
        for draw, count in enumerate(times):
            drawn = np.repeat(np.arange(len(part.fold.test)), count[part.fold.test])
            rows = part.fold.test[drawn]
            if any(not group[rows].any() for group in target.outcome.required_groups.values()):
                continue
            likelihood = likelihood_of(target.outcome.take(rows))
            for number, effect in effects.items():
                losses[number][draw, place] = likelihood.loss(sign * effect[drawn] * target.arm[rows])
    return {number: np.nanmean(values, axis=1) for number, values in losses.items()}


def _estimate(losses: Array, fold: NDArray[np.int64]) -> Estimate:
    return percentile_estimate(with_training_variability(losses, fold))


def _slope(scores: Sequence[FoldScores], target: BenefitTarget) -> Estimate:
    """Slope of the interaction, mean over the repeats, with the mean of their standard errors."""
    sign = -1.0 if isinstance(target.outcome, Survival) else 1.0
    repeats = sorted({part.fold.repeat for part in scores})
    slopes, errors = [], []
    for repeat in repeats:
        level, fold = np.zeros(len(target.arm)), np.zeros(len(target.arm), dtype=np.int64)
        for part in scores:
            if part.fold.repeat == repeat:
                level[part.fold.test] = sign * part.calibration.level(part.score)
                fold[part.fold.test] = part.fold.number
        found = interaction(target.outcome, target.arm, level, np.zeros_like(level), fold)
        slopes.append(found.slope)
        errors.append(found.se)
    slope, width = float(np.mean(slopes)), NORMAL * float(np.mean(errors))
    if not np.isfinite(width):
        return {"estimate": slope}
    return {"estimate": slope, "low": slope - width, "high": slope + width}
