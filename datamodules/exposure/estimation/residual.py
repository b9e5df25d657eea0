"""How likely measured levels are, given predicted ones."""

from __future__ import annotations

import math
from typing import Protocol

import torch
from torch import Tensor

__all__ = ["ErrorModel", "Measured", "deviance", "residual_variance"]

SMALLEST_LEVEL = 1e-10
"""Predicted levels below this, in the unit of the model, count as this in a lognormal or proportional error."""


class ErrorModel(Protocol):
    """Form and standard deviations of a residual error: ResidualError, or with tensors where derivatives are wanted."""

    @property
    def form(self) -> str:
        """Name of the form."""

    @property
    def additive(self) -> float | Tensor:
        """Standard deviation of the additive part."""

    @property
    def proportional(self) -> float | Tensor:
        """Standard deviation of the proportional part, as a share."""


class Measured(Protocol):
    """Measurements of n patients, (n, r) each; only observed ones count."""

    @property
    def level(self) -> Tensor:
        """Measured values."""

    @property
    def observed(self) -> Tensor:
        """Bool: the value counts."""

    @property
    def censored(self) -> Tensor:
        """Bool: the value is below `limit`."""

    @property
    def limit(self) -> Tensor:
        """Lower limits of quantification."""


def residual_variance(error: ErrorModel, predicted: Tensor) -> Tensor:
    """Variance of a level (of its logarithm for a lognormal error).

    Parameters
    ----------
    error
        Form and standard deviations.
    predicted
        Predicted levels.

    Returns
    -------
    Tensor
        Of the shape of `predicted`. A proportional error of a prediction of 0 is that of a tiny level.

    Raises
    ------
    ValueError
        The form is not known.
    """
    additive, proportional = error.additive, error.proportional
    match error.form:
        case "additive":
            return additive**2 + torch.zeros_like(predicted)
        case "lognormal":
            return proportional**2 + torch.zeros_like(predicted)
        case "proportional":
            return (proportional * predicted.clamp(min=SMALLEST_LEVEL)) ** 2
        case "combined_variance":
            return additive**2 + (proportional * predicted) ** 2
        case "combined_sd":
            return (additive + proportional * predicted) ** 2
        case _:
            raise ValueError(error.form)


def deviance(error: ErrorModel, records: Measured, predicted: Tensor) -> Tensor:
    """Minus twice the log likelihood of the levels of each patient, without the constant of the normal density.

    Parameters
    ----------
    error
        Form and standard deviations.
    records
        n patients with r records; only observed levels count. A level below the limit of quantification has the
        probability that a level is below it (method M3).
    predicted
        (n, r).

    Returns
    -------
    Tensor
        (n,).

    References
    ----------
    Beal SL. J Pharmacokinet Pharmacodyn 2001, doi 10.1023/A:1012299115260.
    """
    measured = records.observed & ~records.censored
    variance = residual_variance(error, predicted)
    safe = torch.where(measured, variance, torch.ones_like(variance))
    if error.form == "lognormal":
        levels = torch.where(measured, records.level, 1.0).log()
        centre = predicted.clamp(min=SMALLEST_LEVEL).log()
    else:
        levels, centre = torch.where(measured, records.level, 0.0), predicted
    terms = torch.where(measured, (levels - centre) ** 2 / safe + safe.log(), torch.zeros_like(safe))
    below = records.observed & records.censored
    if bool(below.any()):
        limit = torch.where(below, records.limit, torch.ones_like(variance))
        if error.form == "lognormal":
            limit = limit.log()
        # Far from the limit the derivatives lose their digits, also where they do not count.
        away = limit - torch.where(below, centre, limit)
        score = away / torch.where(below, variance, torch.ones_like(variance)).sqrt()
        terms = terms + torch.where(below, _minus_two_log_cdf(score), torch.zeros_like(score))
    return terms.sum(1)


def _minus_two_log_cdf(score: Tensor) -> Tensor:
    """-2 log of the normal distribution function, minus log(2 pi) so that it matches the density without constant."""
    log_probability: Tensor = torch.special.log_ndtr(score)
    return -2 * log_probability - math.log(2 * math.pi)
