"""Fit a population of curves whose growth rate follows factors, covariates and exposure."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor

from models.tumour.curves import TumourCurve, find_curve
from models.tumour.growth_model import GrowthError, GrowthModel, Predictors, acts_on, standardised
from models.tumour.marginal import GrowthPopulation, best_modes, marginal_deviance
from models.tumour.sizes import TumourSizes
from omics.common.errors import TooFewError

__all__ = ["SMALLEST_COHORT", "fit_growth"]

Array = NDArray[np.float64]

SMALLEST_COHORT = 20
"""Smallest number of patients with two sizes or more."""

FIRST_SPREAD = 0.5
ADDITIVE, PROPORTIONAL, SPREAD = (0.05, 2.0, 30.0), (0.01, 0.1, 1.0), (0.02, FIRST_SPREAD, 3.0)
"""Smallest value, start and largest value of a standard deviation."""

FIRST_VARIANCE = 0.05
SMALLEST_VARIANCE = 1e-8
ROUNDS, UPDATES = 6, 500
TOLERANCE = 1e-3
SETTLED = 2e-3
"""Change of a slope between two rounds that is none."""
ITERATIONS, GRADIENT = 150, 2e-5
STEP = 1e-4


@dataclass(frozen=True)
class _Problem:
    """Patients to learn from, and where the search for their modes begins, (n, q)."""

    curve: TumourCurve
    sizes: TumourSizes
    z: Tensor
    acts: Tensor
    start: Tensor

    def population(self, point: Tensor) -> GrowthPopulation:
        """Read a vector: typical values, logarithms of standard deviations and of both errors, slopes."""
        q = len(self.curve.parameters)
        slopes = point[2 * q + 2 :]
        centre = point[:q] + (self.z * slopes) @ self.acts
        additive, proportional = point[2 * q : 2 * q + 2].exp()
        return GrowthPopulation(centre, point[q : 2 * q].exp(), GrowthError(additive, proportional))

    def deviance(self, population: GrowthPopulation) -> Tensor:
        """Deviance of all patients."""
        return marginal_deviance(self.curve, self.sizes, population, self.start).sum()

    def at_modes(self, point: Array) -> _Problem:
        """Begin later searches at the modes for a vector, so that they take few steps."""
        population = self.population(torch.from_numpy(point))
        return replace(self, start=best_modes(self.curve, self.sizes, population).effects)

    def value_and_slope(self, point: Array) -> tuple[float, Array]:
        """Deviance at a vector, and its gradient."""
        at = torch.from_numpy(point).requires_grad_()
        value = self.deviance(self.population(at))
        (slope,) = torch.autograd.grad(value, at)
        return float(value.detach()), slope.numpy()


def fit_growth(curve: str, sizes: TumourSizes, predictors: Predictors) -> GrowthModel:
    """Estimate typical values, variability, residual error and slopes from training patients.

    Parameters
    ----------
    curve
        Name of the curve.
    sizes
        Sizes of n training patients.
    predictors
        Of the same patients.

    Returns
    -------
    GrowthModel
        The estimates that maximise the marginal likelihood with its penalty.

    Raises
    ------
    TooFewError
        Fewer than 20 patients have two sizes.

    Notes
    -----
    The logarithm of the growth rate is mu + W factors + b covariates + random effect, and the marginal likelihood of
    the sizes is maximised over all parameters at once. Each slope of a factor has the prior variance of greatest
    evidence (MacKay 1992, doi 10.1162/neco.1992.4.3.415), so that slopes without support shrink to 0; other slopes
    have no penalty. A regression of single patients' growth rates on factors would not do: with few sizes they are
    pulled to the typical value, and their slopes with them.
    """
    enough = int((sizes.observed.sum(1) > 1).sum())
    if enough < SMALLEST_COHORT:
        raise TooFewError(
            f"{enough} patients have two tumour sizes or more, and {SMALLEST_COHORT} are needed to fit growth"
        )
    values = predictors.values
    centre, scale = _moments(values, predictors)
    kind = find_curve(curve)
    q, k = len(kind.parameters), predictors.factors.shape[1]
    z = torch.from_numpy(standardised(values, centre, scale))
    problem = _Problem(
        kind, sizes, z, acts_on(kind, predictors), torch.zeros(len(sizes), q, dtype=torch.float64)
    )
    point, bounds = _start(kind, sizes, values.shape[1])
    penalised = np.arange(values.shape[1]) < k
    precision = np.where(penalised, 1 / FIRST_VARIANCE, 0.0)
    for _ in range(ROUNDS):
        problem = problem.at_modes(point)
        before, point = point, _optimum(problem, point, bounds, precision)
        if np.abs(point - before)[2 * q + 2 :][:k].max(initial=0.0) < SETTLED:
            break
        precision = _evidence(problem, point, precision)
    problem = problem.at_modes(point)
    covariance = _covariance(problem, point, bounds, precision)
    spread, errors = np.exp(point[q : 2 * q]), np.exp(point[2 * q : 2 * q + 2])
    return GrowthModel(
        curve=curve,
        typical=point[:q],
        spread=spread,
        additive=float(errors[0]),
        proportional=float(errors[1]),
        names=predictors.names,
        penalised=penalised,
        slopes=point[2 * q + 2 :],
        covariance=covariance,
        centre=centre,
        scale=scale,
        deviance=problem.value_and_slope(point)[0],
        patients=len(sizes),
    )


def _moments(values: Array, predictors: Predictors) -> tuple[Array, Array]:
    centre, scale = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    scale[scale == 0.0] = 1.0
    if predictors.exposure is not None:
        scale[-1] = 1.0
    return centre, scale


def _start(curve: TumourCurve, sizes: TumourSizes, slopes: int) -> tuple[Array, list[tuple[float, float]]]:
    """First values of a vector and their bounds."""
    first = torch.where(sizes.observed, sizes.time, torch.inf).argmin(1, keepdim=True)
    baseline = torch.gather(sizes.level, 1, first).clamp(min=1.0).log().mean()
    typical = [float(baseline), *np.log(curve.start)]
    q = len(typical)
    deviations = np.log([*[SPREAD] * q, ADDITIVE, PROPORTIONAL])
    point = np.concatenate([typical, deviations[:, 1], np.zeros(slopes)])
    anything = (-np.inf, np.inf)
    of_deviations = [(low, high) for low, _, high in deviations.tolist()]
    return point, [*[anything] * q, *of_deviations, *[anything] * slopes]


def _optimum(problem: _Problem, start: Array, bounds: list[tuple[float, float]], precision: Array) -> Array:
    """Vector of the smallest deviance with the penalty of the slopes."""
    first, size = len(start) - len(precision), len(problem.sizes)
    penalty = np.concatenate([np.zeros(first), precision])
    # The deviance bends about as much in each unit of its vector, whatever the penalty.
    unit = 1 / np.sqrt(1 + penalty / size)

    def penalised(point: Array) -> tuple[float, Array]:
        vector = point * unit
        value, slope = problem.value_and_slope(vector)
        total = value + float((penalty * vector**2).sum())
        return total / size, (slope + 2 * penalty * vector) * unit / size

    best = minimize(
        penalised, start / unit, jac=True, method="L-BFGS-B", bounds=bounds,
        options={"maxiter": ITERATIONS, "ftol": 1e-10, "gtol": GRADIENT, "maxcor": 20},
    )  # fmt: skip
    point: Array = best.x * unit
    return point


def _evidence(problem: _Problem, point: Array, precision: Array) -> Array:
    """Update the prior precision of each penalised slope, with the deviance as a parabola around the optimum.

    The deviance of a patient depends on all slopes of growth through one number, the shift of their growth rate, so
    that its curvature in this number gives that in the slopes.
    """
    acting = problem.acts[:, problem.curve.growth].numpy() > 0
    first = len(point) - len(precision)
    x = np.column_stack([np.ones(len(problem.z)), problem.z.numpy()[:, acting]])
    slope, curvature = _along_growth(problem, point)
    information = (x * curvature[:, None]).T @ x / 2
    at = np.concatenate([[0.0], point[first:][acting]])
    target = information @ at - x.T @ slope / 2
    current = np.concatenate([[0.0], precision[acting]])
    shrinks = current > 0
    for _ in range(UPDATES):
        covariance = np.linalg.inv(information + np.diag(current))
        slopes = covariance @ target
        known = np.clip(1 - current * np.diag(covariance), 1e-12, 1.0)
        updated = np.where(shrinks, known / np.maximum(slopes**2, SMALLEST_VARIANCE * known), 0.0)
        settled = np.abs(np.log(updated[shrinks] / current[shrinks])).max(initial=0.0) < TOLERANCE
        current = updated
        if settled:
            break
    result = precision.copy()
    result[acting] = current[1:]
    return result


def _along_growth(problem: _Problem, point: Array) -> tuple[Array, Array]:
    """First and second derivative of each patient's deviance in a shift of their growth rate, (n,)."""
    population = problem.population(torch.from_numpy(point)).detached()

    def slope_at(shift: float) -> Array:
        centre = population.centre.clone()
        centre[:, problem.curve.growth] += shift
        centre.requires_grad_()
        value = problem.deviance(population._replace(centre=centre))
        (slope,) = torch.autograd.grad(value, centre)
        along: Array = slope[:, problem.curve.growth].numpy()
        return along

    above, below = slope_at(STEP), slope_at(-STEP)
    return (above + below) / 2, (above - below) / (2 * STEP)


def _covariance(
    problem: _Problem, point: Array, bounds: list[tuple[float, float]], precision: Array
) -> Array:
    """Covariance of typical values and slopes; what lies at its bound counts as known."""
    low, high = np.array(bounds).T
    free = np.flatnonzero((point > low + STEP) & (point < high - STEP))
    hessian = np.empty((len(free), len(free)))
    for place, k in enumerate(free):
        moved = np.zeros_like(point)
        moved[k] = STEP
        above, below = (problem.value_and_slope(point + sign * moved)[1] for sign in (1, -1))
        hessian[place] = (above - below)[free] / (4 * STEP)
    penalty = np.concatenate([np.zeros(len(point) - len(precision)), precision])[free]
    information = (hessian + hessian.T) / 2 + np.diag(penalty)
    covariance = np.zeros((len(point), len(point)))
    covariance[np.ix_(free, free)] = np.linalg.pinv(information, hermitian=True)
    q = len(problem.curve.parameters)
    kept = np.concatenate([np.arange(q), np.arange(2 * q + 2, len(point))])
    selected: Array = covariance[np.ix_(kept, kept)]
    return selected
