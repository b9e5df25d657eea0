"""Levels that no patient of the model could have: they are in another unit, or the doses are."""

from __future__ import annotations

import numpy as np
import torch
from scipy.stats import norm

from datamodules.exposure.compartments.parameters import effects_size, omega_of
from datamodules.exposure.compartments.records import Records
from datamodules.exposure.estimation.residual import residual_variance
from datamodules.exposure.metrics import draws_at
from datamodules.exposure.published.kinetic_model import KineticModel
from omics.common.errors import CohortError

__all__ = ["check_levels"]

IMPOSSIBLE = 1e-6
"""Prior predictive probability of the levels of a cohort below which they are refused."""

DRAWS = 200
THOUSAND = 1000.0


def check_levels(model: KineticModel, records: Records, generator: np.random.Generator, file: str) -> None:
    """Refuse levels that the model cannot explain for any usual patient.

    Parameters
    ----------
    model
        The population model.
    records
        n patients with their levels.
    generator
        Source of random numbers.
    file
        Named in errors.

    Raises
    ------
    CohortError
        The median patient's levels have a prior predictive probability below 1e-6; their ratio to the model says which
        unit they may be in.
    """
    measured = records.observed & ~records.censored & (records.level > 0)
    patients = torch.nonzero(measured.any(1))[:, 0]
    if not len(patients):
        return
    part, counted = records.take(patients), measured[patients]
    root = torch.linalg.cholesky(omega_of(model, part))
    normal = torch.from_numpy(generator.standard_normal((1, DRAWS, effects_size(model, part))))
    level = draws_at(model, part, (normal @ root.mT).expand(len(patients), -1, -1)).level.clamp(min=1e-12)
    relative = residual_variance(model.residual, level) / level**2
    spread = (level.log().var(1) + torch.log1p(relative).mean(1)).sqrt()
    apart = part.level.clamp(min=1e-12).log() - level.log().mean(1)
    by_patient = torch.where(counted, apart, torch.nan).nanmedian(1).values
    widths = torch.where(counted, spread, torch.nan).nanmedian(1).values
    probability = 2 * float(norm.sf(float((by_patient / widths).abs().median())))
    if probability < IMPOSSIBLE:
        ratio = float(by_patient.median().exp())
        raise CohortError(
            f"levels are about {ratio:.3g} times those that {model.name} expects in {model.level_unit}; "
            f"{_hint(model, ratio)}",
            "impossible_levels",
            file=file,
        )


def _hint(model: KineticModel, ratio: float) -> str:
    """Say which unit the levels or doses may be in."""
    if THOUSAND / 5 < ratio < THOUSAND * 5:
        finer = {"mg/L": "ug/L (ng/mL)", "ug/mL": "ng/mL", "umol/L": "nmol/L"}.get(
            model.level_unit, "a finer unit"
        )
        return f"they look like {finer}; divide them by 1000"
    if 1 / THOUSAND / 5 < ratio < 5 / THOUSAND:
        return "they look like a unit 1000 times larger; multiply them by 1000"
    return f"check the units of levels, doses ({model.dose_unit}) and times ({model.time_unit}), and the drug"
