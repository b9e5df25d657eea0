"""What levels buy: simulated patients whose dose is chosen without and with levels, and their true exposure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.common.errors import ConfigError
from omics.common.seeds import named_generator
from omics.events.event_table import LEVEL, EventTable
from stratomics.pharmacology.dose_search.attainment import most_probable_dose, own_doses
from stratomics.pharmacology.dose_search.exposure_of_model import drawn_exposure, prior_exposure
from stratomics.pharmacology.dose_search.exposures import Shares
from stratomics.pharmacology.dose_search.levels import draws_given_levels
from stratomics.pharmacology.dose_search.target import ExposureTarget

if TYPE_CHECKING:
    from torch import Tensor

    from datamodules.exposure.published.kinetic_model import KineticModel
    from datamodules.exposure.regimen import Regimen

__all__ = ["simulate_levels", "value_of_levels"]

Array = NDArray[np.float64]

FIXED = "none, one dose for all"


def simulate_levels(
    model: KineticModel,
    first: Regimen,
    covariates: pd.DataFrame,
    times: Sequence[float],
    generator: np.random.Generator,
    limit: float | None = None,
) -> tuple[EventTable, Tensor]:
    """Simulate patients of a model and their levels.

    Parameters
    ----------
    model
        The population model.
    first
        Regimen from time 0 on.
    covariates
        One row per patient, in the units of the model.
    times
        Times of the levels after the first dose, from small to large.
    generator
        Source of random numbers.
    limit
        Lower limit of quantification; a level below it is known to be below. None for no limit: a level that the
        residual error makes negative counts as 0.

    Returns
    -------
    events : EventTable
        Doses and levels.
    effects : Tensor
        (n, 1, q) true random effects.
    """
    import torch

    from datamodules.exposure.compartments.parameters import omega_of
    from datamodules.exposure.compartments.records import records_of
    from datamodules.exposure.estimation.residual import residual_variance
    from datamodules.exposure.metrics import draws_at
    from datamodules.exposure.regimen import regimen_events

    at = np.tile(np.asarray(times, float), (len(covariates), 1))
    events = regimen_events(first.doses(covariates), covariates, at, steady_state=False)
    records = records_of(events)
    root = torch.linalg.cholesky(omega_of(model, records))
    normal = torch.from_numpy(generator.standard_normal((len(covariates), len(root))))
    effects = (normal @ root.mT)[:, None]
    predicted = draws_at(model, records, effects).level[:, 0]
    sd = residual_variance(model.residual, predicted).sqrt().numpy()
    noise = sd * generator.standard_normal(sd.shape)
    exact = predicted.numpy()
    level = exact * np.exp(noise) if model.residual.form == "lognormal" else (exact + noise).clip(min=0.0)
    return _with_levels(events, level[:, 1:], limit), effects


def _with_levels(events: EventTable, level: Array, limit: float | None) -> EventTable:
    """Turn the events at which a prediction was wanted into levels (n, g)."""
    table = events.table
    counts = ~events.is_dose
    values = np.full(len(table), np.nan)
    values[counts] = level.reshape(-1)
    below = np.zeros(len(table), bool) if limit is None else values < limit
    changed = table.assign(
        level=np.where(below, limit, values) if limit is not None else values,
        observed=counts,
        kind=np.where(counts, LEVEL, table["kind"]),
        censored=below,
        limit=np.nan if limit is None else limit,
    )
    return EventTable(changed, events.covariates, events.time_unit)


def value_of_levels(
    model: KineticModel,
    first: Regimen,
    covariates: pd.DataFrame,
    designs: Sequence[Sequence[float]],
    target: ExposureTarget,
    *,
    limit: float | None = None,
    draws: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare doses chosen by levels at some times with one dose for all, in simulated patients.

    Each patient is simulated with the model, and has levels at the times of a design. Their next dose is the most
    probable one given the levels, at the interval and infusion of the first regimen. Their true exposure to it is
    known. The shares hold for patients whom the model describes.

    Parameters
    ----------
    model
        The population model.
    first
        Regimen during which the levels are taken.
    covariates
        One row per patient, in the units of the model.
    designs
        Times of the levels after the first dose, from small to large; one list per design.
    target
        Measure and range.
    limit
        Lower limit of quantification, or None.
    draws
        Draws per patient.
    seed
        Seed of patients and draws. Patients and levels are the same in all designs.

    Returns
    -------
    DataFrame
        One row for the best fixed dose, and one per design: ``levels`` (their times), ``predicted`` (mean probability
        of the target, as computed), ``within``, ``below``, ``above`` (shares of patients by their true exposure), and
        ``error`` (Monte Carlo standard error of ``within``).

    Raises
    ------
    ConfigError
        A design has no times, or they are not sorted, or not after the first dose.
    """
    _check_designs(designs)
    import torch

    def named(*names: str) -> np.random.Generator:
        return named_generator(seed, "value of levels", *names)

    every = sorted({time for times in designs for time in times})
    events, effects = simulate_levels(model, first, covariates, every, named("patients"), limit)
    alone = torch.ones(len(covariates), 1, dtype=torch.float64)
    truth = drawn_exposure(model, first, covariates, effects, alone, target.measure, named("truth"))
    prior = prior_exposure(model, first, covariates, target.measure, named("prior"), draws)
    best = most_probable_dose(prior, [first.amount], target)
    rows = [_row(FIXED, best.within, truth.shares(np.full(len(covariates), best.dose), target))]
    for times in designs:
        name = ", ".join(f"{time:g}" for time in times)
        part = _levels_at(events, times)
        given = draws_given_levels(model, part, named("draws", name), draws)
        posterior = drawn_exposure(
            model, first, covariates, given.effects, given.weights, target.measure, named("next", name)
        )
        own = own_doses(posterior, [first.amount], target)
        rows.append(_row(name, own["within"].mean(), truth.shares(own["dose"].to_numpy(float), target)))
    return pd.DataFrame(rows)


def _check_designs(designs: Sequence[Sequence[float]]) -> None:
    for times in designs:
        if not times or min(times) <= 0 or list(times) != sorted(times):
            raise ConfigError(
                f"the times of levels are {list(times)}; give times after the first dose, from small to large"
            )


def _levels_at(events: EventTable, times: Sequence[float]) -> EventTable:
    kept = events.is_dose | events.table["time"].isin(times)
    return EventTable(events.table[kept].reset_index(drop=True), events.covariates, events.time_unit)


def _row(levels: str, predicted: float, truth: Shares) -> dict[str, object]:
    within = float(truth.within.mean())
    return {
        "levels": levels,
        "predicted": float(predicted),
        "within": within,
        "below": float(truth.below.mean()),
        "above": float(truth.above.mean()),
        "error": float(np.sqrt(within * (1 - within) / len(truth.within))),
    }
