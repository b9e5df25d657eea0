"""The curve of panels that predict the benefit of treatment, against the same effect for all patients."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from models.linear.group_ridge import likelihood_of
from omics.cohort.endpoints import Survival
from omics.common.seeds import named_generator
from stratomics.evaluation.intervals import Estimate, percentile_estimate, with_training_variability
from stratomics.evaluation.treatment_interaction import interaction
from stratomics.strata.panel.assay.prices import Prices
from stratomics.strata.panel.calibration import BenefitCalibration
from stratomics.strata.panel.curve import NULL, SLOPE, CurveLosses, PanelCurve, assemble_curve
from stratomics.strata.panel.nested import FoldScores
from stratomics.strata.panel.target import BenefitTarget

__all__ = ["BENEFIT", "benefit_curve"]

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

BENEFIT, DEVIANCE = "benefit", "effect_deviance"
NORMAL = 1.959963984540054


def benefit_curve(
    scores: Mapping[int, Sequence[FoldScores]],
    target: BenefitTarget,
    endpoint: str,
    prices: Prices,
    draws: int,
    seed: int,
    others: Mapping[str, Array] | None = None,
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
        The n evaluated patients.
    endpoint
        Name of the endpoint.
    prices
        Price of each analyte.
    draws, seed
        Number of bootstrap resamples of the patients, and seed.
    others
        Method -> (repeats, n) benefit that it predicts in the same folds, such as the full model: a log odds ratio, or
        minus a log hazard ratio.

    Returns
    -------
    PanelCurve
        Of kind ``benefit``; 0 is best for no loss in particular, and lower is better.
    """
    parts, n = next(iter(scores.values())), len(target.arm)
    fold = _joined(parts, n, lambda part: part.fold.number).astype(np.int64)
    levels: dict[int | str, Array] = {
        number: _joined(of_number, n, _level) for number, of_number in scores.items()
    }
    references = {NULL: _joined(parts, n, _average), **(others or {})}
    levels.update(references.items())
    losses = _losses(levels, parts, target, draws, seed)

    def evaluation(name: int | str) -> CurveLosses:
        deviance = percentile_estimate(with_training_variability(losses[name], fold))
        slope = {} if name == NULL else {SLOPE: _slope(levels[name], fold, target)}
        return CurveLosses({DEVIANCE: deviance, **slope}, losses[name])

    return assemble_curve(
        endpoint,
        BENEFIT,
        scores,
        {number: evaluation(number) for number in scores},
        {name: evaluation(name) for name in references},
        fold,
        prices,
    )


def _joined(
    parts: Sequence[FoldScores], patients: int, value: Callable[[FoldScores], Array | float]
) -> Array:
    """(repeats, n) values of the test patients of all folds."""
    repeats = sorted({part.fold.repeat for part in parts})
    table = np.zeros((len(repeats), patients))
    for part in parts:
        table[repeats.index(part.fold.repeat), part.fold.test] = value(part)
    return table


def _level(part: FoldScores) -> Array:
    return part.calibration.level(part.score)


def _average(part: FoldScores) -> float:
    assert isinstance(part.calibration, BenefitCalibration)
    return part.calibration.average


def _losses(
    levels: Mapping[int | str, Array],
    parts: Sequence[FoldScores],
    target: BenefitTarget,
    draws: int,
    seed: int,
) -> dict[int | str, Array]:
    """Name -> mean loss over the folds (1 + draws,), in all patients and in each resample, of benefits (repeats, n)."""
    generator = named_generator(seed, "panel", "bootstrap")
    n, repeats = len(target.arm), sorted({part.fold.repeat for part in parts})
    times = [np.ones(n, dtype=np.int64)]
    times += [np.bincount(generator.integers(n, size=n), minlength=n) for _ in range(draws)]
    signed = _sign(target) * target.arm
    losses = {name: np.full((len(times), len(parts)), np.nan) for name in levels}
    for place, part in enumerate(parts):
        repeat, test = repeats.index(part.fold.repeat), part.fold.test
        for draw, count in enumerate(times):
            rows = np.repeat(test, count[test])
            if any(not group[rows].any() for group in target.outcome.required_groups.values()):
                continue
            likelihood = likelihood_of(target.outcome.take(rows))
            for name, level in levels.items():
                losses[name][draw, place] = likelihood.loss(level[repeat, rows] * signed[rows])
    return {name: np.nanmean(values, axis=1) for name, values in losses.items()}


def _slope(levels: Array, fold: Rows, target: BenefitTarget) -> Estimate:
    """Slope of the interaction, mean over the repeats, with the mean of their standard errors."""
    slopes, errors = [], []
    for level, numbers in zip(levels, fold, strict=True):
        relative = _sign(target) * level
        found = interaction(target.outcome, target.arm, relative, np.zeros_like(level), numbers)
        slopes.append(found.slope)
        errors.append(found.se)
    slope, width = float(np.mean(slopes)), NORMAL * float(np.mean(errors))
    if not np.isfinite(width):
        return {"estimate": slope}
    return {"estimate": slope, "low": slope - width, "high": slope + width}


def _sign(target: BenefitTarget) -> float:
    """Sign that turns a benefit into a log hazard ratio, or leaves it a log odds ratio."""
    return -1.0 if isinstance(target.outcome, Survival) else 1.0
