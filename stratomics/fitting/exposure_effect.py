"""The effect of exposure on each endpoint: not penalised, adjusted for the prediction without exposure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from datamodules.exposure.exposure_view import EXPOSURE_VIEW
from models.linear.group_ridge import likelihood_of, ridge
from omics.cohort.endpoints import Response, Survival
from omics.common.errors import DataError
from omics.common.files import digest_contents, read_json, write_json

if TYPE_CHECKING:
    from mudata import MuData

    from datamodules.exposure.published.kinetic_model import KineticModel

__all__ = ["DOSES", "PATIENTS", "EndpointEffect", "ExposureEffect", "digest_of", "effect_on"]

Array = NDArray[np.float64]

FILE = "exposure_effect.json"

DOSES, PATIENTS = "doses", "patients"
"""What an effect is learned from: patients with other doses, or, where all have alike doses, other clearance."""

SMALLEST_SPREAD = 0.1
"""Standard deviation of the exposure by dose from which its effect is learned from the doses: about 10%."""

WIDEST = 2.5
"""Standard deviation of the prior of a log ratio per standard deviation; it matters only where data say nothing."""


@dataclass(frozen=True)
class EndpointEffect:
    """Effect of exposure on one endpoint.

    Attributes
    ----------
    kind
        Kind of the endpoint.
    slope, error
        Log hazard ratio (survival) or log odds ratio (response) per unit of the measure on its scale (the logarithm, or
        a share), and its standard error.
    source
        DOSES or PATIENTS.
    patients, events
        Training patients, and events or responses among them.
    """

    kind: str
    slope: float
    error: float
    source: str
    patients: int
    events: int


@dataclass(frozen=True)
class ExposureEffect:
    """Effects of one measure of exposure.

    Attributes
    ----------
    kinetic_model, digest
        Name of the kinetic model that exposure was estimated with, and digest of its contents.
    measure
        Column of the view ``exposure``: the first of the block's ``metrics``.
    endpoints
        Endpoint -> effect.
    """

    kinetic_model: str
    digest: str
    measure: str
    endpoints: Mapping[str, EndpointEffect]

    @classmethod
    def fit(
        cls, cohort: MuData, endpoints: Mapping[str, Survival | Response], scores: Mapping[str, Array]
    ) -> Self:
        """Estimate the effects from training patients.

        Parameters
        ----------
        cohort
            n training patients, with the view ``exposure``; those without a dose are left out.
        endpoints
            Endpoint -> outcome of the n patients.
        scores
            Endpoint -> (n,) log hazard or log odds of each patient by a model that was fitted without the patient, with
            the same exposure for all.
        """
        from datamodules.exposure.cohort_exposure import cohort_model
        from datamodules.exposure.exposure_by_dose import exposure_by_dose

        model, view = cohort_model(cohort), cohort[EXPOSURE_VIEW].to_df()
        assert model is not None
        measure = str(view.columns[0])
        exposure, by_dose = (
            table[measure].reindex(cohort.obs_names).to_numpy(float)
            for table in (view, exposure_by_dose(cohort))
        )
        effects = {
            name: effect_on(endpoint, scores[name], exposure, by_dose) for name, endpoint in endpoints.items()
        }
        return cls(model.name, digest_of(model), measure, effects)

    def save(self, folder: Path) -> None:
        """Write json."""
        write_json(folder / FILE, asdict(self))

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Read what :meth:`save` wrote; None for a model without exposure."""
        if not (folder / FILE).is_file():
            return None
        content = read_json(folder / FILE)
        effects = {name: EndpointEffect(**effect) for name, effect in content.pop("endpoints").items()}
        return cls(**content, endpoints=effects)


def effect_on(endpoint: Survival | Response, score: Array, exposure: Array, by_dose: Array) -> EndpointEffect:
    """Estimate the effect of exposure on an endpoint by a Cox or logistic regression.

    Parameters
    ----------
    endpoint
        Outcome of n patients.
    score
        (n,) log hazard or log odds of each patient, predicted without their outcome and their exposure.
    exposure
        (n,) measure of exposure on its scale; patients with NaN are left out.
    by_dose
        (n,) what a typical patient would have under the same doses.

    Returns
    -------
    EndpointEffect
        Where doses differ, the slope is that of `by_dose`, with the rest of exposure and the score as covariates: a
        regimen changes the dose and not the clearance, which may go with the disease. Otherwise it is that of exposure.
    """
    rows = np.flatnonzero(endpoint.observed & np.isfinite(exposure) & np.isfinite(by_dose))
    outcome, exposure, by_dose = endpoint.take(rows), exposure[rows], by_dose[rows]
    varied = len(rows) > 0 and by_dose.std() >= SMALLEST_SPREAD
    parts = [by_dose, exposure - by_dose] if varied else [exposure]
    columns = np.column_stack([*parts, score[rows]])
    spread = columns.std(axis=0) if len(rows) else np.zeros(columns.shape[1])
    scale = np.where(spread > np.finfo(np.float32).eps, spread, 1.0)
    slope, error = _first_coefficient((columns - columns.mean(axis=0)) / scale, outcome)
    known = len(rows), int(outcome.label.sum())
    return EndpointEffect(
        endpoint.kind, float(slope / scale[0]), float(error / scale[0]), DOSES if varied else PATIENTS, *known
    )


def _first_coefficient(standardised: Array, outcome: Survival | Response) -> tuple[float, float]:
    """Return the posterior mode and standard deviation of the first coefficient."""
    try:
        outcome.check_learnable("the endpoint")
    except DataError:
        return 0.0, WIDEST
    penalties = np.full(standardised.shape[1], WIDEST**-2)
    coefficients, hessian = ridge(standardised, penalties, likelihood_of(outcome))
    return float(coefficients[0]), float(np.sqrt(np.linalg.inv(hessian)[0, 0]))


def digest_of(model: KineticModel) -> str:
    """Return the digest of the contents of a kinetic model."""
    return digest_contents({model.name: model.model_dump_json().encode()})
