"""How well a kinetic model describes levels: predictions, conditional weighted residuals, visual predictive check."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import jvp

from datamodules.exposure.compartments.parameters import (
    effects_size,
    individual_values,
    omega_of,
    typical_values_at,
)
from datamodules.exposure.compartments.predictions import predict_records
from datamodules.exposure.compartments.records import Records
from datamodules.exposure.estimation.map_estimate import map_estimate, predicted_at
from datamodules.exposure.estimation.residual import SMALLEST_LEVEL, residual_variance
from datamodules.exposure.metrics import draws_at
from datamodules.exposure.published.kinetic_model import KineticModel
from stratomics.pharmacology.run_exposure import GoodnessOfFit, ResidualSummary

__all__ = ["DATA_SETS", "PERCENTILES", "conditional_residuals", "goodness_of_fit", "predictive_check"]

Array = NDArray[np.float64]

DATA_SETS = 200
"""Simulated data sets of the visual predictive check."""
PERCENTILES = (5, 50, 95)
BINS = 8
"""Largest number of bins of time."""
FEWEST = 10
"""Levels in a bin, on average, if there are several bins."""
BEYOND = 1.96


def goodness_of_fit(
    model: KineticModel, records: Records, generator: np.random.Generator
) -> GoodnessOfFit | None:
    """Compare levels with the predictions of a model.

    Parameters
    ----------
    model
        The population model.
    records
        n patients; the levels that their exposure rests on.
    generator
        Source of random numbers of the visual predictive check.

    Returns
    -------
    GoodnessOfFit or None
        None without a level above the limit of quantification. Levels before the first dose, where the prediction is
        0, are left out.
    """
    effects = map_estimate(model, records).effects
    residual = conditional_residuals(model, records, effects)
    counted = ~np.isnan(residual)
    if not counted.any():
        return None
    residual = residual[counted]
    population, individual = (
        predicted_at(model, records, at).level.numpy()[counted] for at in (torch.zeros_like(effects), effects)
    )
    levels = pd.DataFrame(
        {
            "time": _since_first_dose(records)[counted],
            "observed": records.level.numpy()[counted],
            "population": population,
            "individual": individual,
            "residual": residual,
        }
    )
    summary = ResidualSummary(
        len(residual),
        float(residual.mean()),
        float(residual.std()),
        float((np.abs(residual) > BEYOND).mean()),
    )
    return GoodnessOfFit(levels, summary, predictive_check(model, records, generator))


def conditional_residuals(model: KineticModel, records: Records, effects: Tensor) -> Array:
    """Conditional weighted residuals, with the error at the individual prediction.

    Parameters
    ----------
    model
        The population model.
    records
        n patients with r records.
    effects
        (n, q) most probable random effects.

    Returns
    -------
    numpy.ndarray
        (n, r): the difference of the levels of a patient from what the model, linear around `effects`, expects, times
        the inverse root of its covariance; NaN where there is no level above the limit, or the prediction is 0.

    References
    ----------
    Hooker AC, Staatz CE, Karlsson MO. Pharm Res 2007;24:2187-97, doi 10.1007/s11095-007-9361-x.
    """
    lognormal = model.residual.form == "lognormal"
    typical = typical_values_at(model, records)

    def level_at(at: Tensor) -> Tensor:
        return predict_records(model, records, individual_values(model, records, typical, at)).level

    def centre(at: Tensor) -> Tensor:
        return level_at(at).clamp(min=SMALLEST_LEVEL).log() if lognormal else level_at(at)

    basis = torch.eye(effects.shape[1], dtype=effects.dtype)
    slopes = torch.stack([jvp(centre, (effects,), (one.expand_as(effects),))[1] for one in basis], 2)
    predicted = centre(effects)
    level = level_at(effects)
    variance = residual_variance(model.residual, level)
    expected = predicted - (slopes @ effects[..., None])[..., 0]
    observed = records.level.log() if lognormal else records.level
    covariance = slopes @ omega_of(model, records) @ slopes.mT + torch.diag_embed(variance)
    residual = torch.full_like(predicted, torch.nan)
    counted = records.observed & ~records.censored & (level > SMALLEST_LEVEL)
    for patient in torch.nonzero(counted.any(1))[:, 0]:
        rows = torch.nonzero(counted[patient])[:, 0]
        values, vectors = torch.linalg.eigh(covariance[patient][rows][:, rows])
        root = vectors @ torch.diag(values.rsqrt()) @ vectors.mT
        residual[patient, rows] = root @ (observed - expected)[patient, rows]
    return residual.numpy()


def predictive_check(model: KineticModel, records: Records, generator: np.random.Generator) -> pd.DataFrame:
    """Compare percentiles of the levels with those of simulated patients with the same doses and covariates.

    Parameters
    ----------
    model
        The population model.
    records
        n patients with levels.
    generator
        Source of random numbers.

    Returns
    -------
    DataFrame
        As in :class:`GoodnessOfFit`. Levels below the limit count as the limit, also in the simulated data.

    References
    ----------
    Holford N. PAGE 14 (2005) Abstr 738, www.page-meeting.org/?abstract=738.
    """
    counted = records.observed.numpy()
    observed, time = records.level.numpy()[counted], _since_first_dose(records)[counted]
    simulated = _simulated(model, records, generator)[:, counted]
    limit = np.where(records.censored.numpy()[counted], records.limit.numpy()[counted], 0.0)
    simulated = np.maximum(simulated, np.nan_to_num(limit))
    edges = _edges(time)
    rows = []
    for place, (start, end) in enumerate(pairwise(edges)):
        inside = (time <= end) & ((time > start) | (place == 0))
        if not inside.any():
            continue
        row = {
            "start": float(time[inside].min()),
            "end": float(time[inside].max()),
            "middle": float(np.median(time[inside])),
            "levels": float(inside.sum()),
        }
        for level in PERCENTILES:
            ends = np.quantile(np.percentile(simulated[:, inside], level, axis=1), [0.5, 0.025, 0.975])
            row[f"observed_{level}"] = float(np.percentile(observed[inside], level))
            names = ("", "_low", "_high")
            row |= {f"simulated_{level}{name}": float(v) for name, v in zip(names, ends, strict=True)}
        rows.append(row)
    return pd.DataFrame(rows)


def _simulated(model: KineticModel, records: Records, generator: np.random.Generator) -> Array:
    """Levels of simulated data sets, (s, n, r); never negative."""
    shape = (len(records), DATA_SETS, effects_size(model, records))
    root = torch.linalg.cholesky(omega_of(model, records))
    effects = torch.from_numpy(generator.standard_normal(shape)) @ root.mT
    level = draws_at(model, records, effects).level
    noise = torch.from_numpy(generator.standard_normal(tuple(level.shape)))
    error = residual_variance(model.residual, level).sqrt() * noise
    drawn = level * error.exp() if model.residual.form == "lognormal" else level + error
    values: Array = drawn.clamp(min=0.0).transpose(0, 1).numpy()
    return values


def _since_first_dose(records: Records) -> Array:
    doses = records.doses
    times = torch.where(doses.given & ~doses.past, doses.time, torch.inf).amin(1, keepdim=True)
    since: Array = (records.time - torch.where(times.isfinite(), times, 0.0)).numpy()
    return since


def _edges(time: Array) -> Array:
    """Return the ends of bins with about the same number of levels; few distinct times are a bin each."""
    distinct = np.unique(time)
    if len(distinct) <= BINS:
        return np.concatenate([distinct[:1], distinct])
    count = int(np.clip(len(time) // FEWEST, 1, BINS))
    return np.unique(np.quantile(time, np.linspace(0, 1, count + 1)))
