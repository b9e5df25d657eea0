"""Doses of a search: amounts in the unit of the model, and their interval and infusion."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from omics.common.errors import ConfigError

if TYPE_CHECKING:
    from datamodules.exposure.published.kinetic_model import KineticModel
    from datamodules.exposure.regimen import Regimen

__all__ = ["parse_doses", "schedule_of"]

DOSE = re.compile(r"(?P<amount>[+-]?[\d.]+(?:[eE][+-]?\d+)?)\s*(?P<unit>\D.*)?")

GRAMS = {"g": 1.0, "mg": 1e-3, "ug": 1e-6, "mcg": 1e-6, "ng": 1e-9}


def parse_doses(model: KineticModel, texts: Iterable[str | float]) -> tuple[float, ...]:
    """Read doses.

    Parameters
    ----------
    model
        The model, whose unit of doses counts.
    texts
        Numbers, or numbers with the unit of the model such as ``500mg``.

    Returns
    -------
    tuple of float
        Amounts, in the given order.

    Raises
    ------
    ConfigError
        There is no dose, or one is not a number above 0, or has another unit than the model.
    """
    doses = tuple(_dose(model, str(text)) for text in texts)
    if not doses:
        raise ConfigError(f"there is no dose; give some in {model.dose_unit}")
    return doses


def _dose(model: KineticModel, text: str) -> float:
    match = DOSE.fullmatch(text.strip())
    try:
        amount = float(match["amount"]) if match else math.nan
    except ValueError:
        amount = math.nan
    if not math.isfinite(amount):
        raise ConfigError(f"the dose '{text}' is no number; write an amount in {model.dose_unit}")
    if not amount > 0:
        raise ConfigError(f"the dose is {amount:g}; doses are above 0, in {model.dose_unit}")
    unit = (match["unit"] or model.dose_unit).strip() if match else model.dose_unit
    if unit != model.dose_unit:
        raise ConfigError(
            f"the dose '{text}' is in {unit}, and {model.name} has {model.dose_unit}; {_advice(model, amount, unit)}"
        )
    return amount


def _advice(model: KineticModel, amount: float, unit: str) -> str:
    if unit in GRAMS:
        return f"write {amount * GRAMS[unit] / GRAMS[model.dose_unit]:g}"
    if "/" in unit:
        return "write the number alone, and the covariate that it is multiplied by with per, such as WT"
    return f"write amounts in {model.dose_unit}"


def schedule_of(
    model: KineticModel,
    interval: float,
    infusion: float = 0.0,
    per: str | None = None,
    known: Sequence[str] = (),
) -> Regimen:
    """Make the regimen of one unit of dose, which the doses of a search multiply.

    Parameters
    ----------
    model
        The model, whose time unit counts.
    interval
        Time between doses.
    infusion
        Length of an infusion; 0 for a bolus or an oral dose.
    per
        Covariate that a dose is multiplied by, or None.
    known
        Covariates that the patients have.

    Returns
    -------
    Regimen
        A regimen with the amount 1.

    Raises
    ------
    ConfigError
        The interval is not above 0, the infusion is longer than it, or the covariate is not known.
    """
    from datamodules.exposure.regimen import Regimen

    if not 0 < interval < math.inf:
        raise ConfigError(f"the interval is {interval:g}; it must be above 0, in {model.time_unit}")
    if not 0 <= infusion <= interval:
        raise ConfigError(
            f"the infusion takes {infusion:g} and the interval {interval:g} {model.time_unit}; an infusion ends within "
            "the interval"
        )
    if per is not None and per not in known:
        raise ConfigError(f"doses are per {per}, which no patient has; add it to the covariates")
    return Regimen(1.0, interval, infusion, per)
