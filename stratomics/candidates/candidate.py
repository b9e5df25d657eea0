"""Protocol of the candidates of a mixture, and a candidate that is calibrated on its held-out estimates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from models.calibration.calibration import Calibration
from models.calibration.cox_recalibration import CoxRecalibration
from models.calibration.response_recalibration import ResponseRecalibration
from omics.cohort.endpoints import Response, Survival
from omics.common.files import read_json, read_state, write_json, write_state

if TYPE_CHECKING:
    from models.prediction import Prediction
    from stratomics.encoding.training_part import EncodedPatients, TrainingPart

__all__ = [
    "CalibratedCandidate",
    "CalibratedFit",
    "Candidate",
    "CandidateFit",
    "CandidateKind",
    "NoInformation",
    "calibrate_candidate",
    "held_out",
    "no_information",
]

Array = NDArray[np.float64]


class Candidate(Protocol):
    """A model of the primary endpoint for each inner fold, fitted to the training patients of this fold.

    Its estimates are log hazards or log odds: higher means an earlier event, or a more likely response.
    """

    def estimates(self, patients: EncodedPatients) -> Array:
        """(members, n, 1) estimates of n patients; a constant may be added to each member."""
        ...

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors files that begin with `name`."""
        ...

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        ...


class CandidateFit(NamedTuple):
    """A candidate, and its estimates (members, n, 1) of the training patients."""

    candidate: Candidate
    estimates: Array


class CandidateKind(NamedTuple):
    """An entry of CANDIDATES.

    Attributes
    ----------
    fit
        Fits each member to its inner training patients. It raises InputError if it cannot be fitted to these patients;
        the mixture then leaves it out.
    model
        Class of the fitted candidate, which loads it.
    effect_by_omics
        Whether the treatment effect may depend on omics. In a cohort with arms the others are not mixed, since they
        would dilute the predicted benefit.
    """

    fit: Callable[[TrainingPart], CandidateFit]
    model: type[Candidate]
    effect_by_omics: bool = False


@dataclass(frozen=True)
class CalibratedCandidate:
    """A candidate whose estimates are recalibrated as those of the mixture.

    Attributes
    ----------
    endpoint
        Name of the endpoint.
    candidate
        The candidate.
    centers
        (members,) mean estimate of each member over its training patients.
    calibration
        Fitted to the estimate of each training patient by the member that leaves the patient out.
    """

    endpoint: str
    candidate: Candidate
    centers: Array
    calibration: Calibration

    def estimates(self, patients: EncodedPatients) -> Array:
        """(members, n, 1) centred estimates."""
        estimates: Array = self.candidate.estimates(patients) - self.centers[:, None, None]
        return estimates

    def predict(self, patients: EncodedPatients) -> Prediction:
        """Predict patients that the candidate is not fitted to, under the treatment received."""
        return self.prediction(patients.sample_ids, self.estimates(patients))

    def prediction(self, sample_ids: NDArray[np.str_], estimates: Array) -> Prediction:
        """Predict n patients from their centred estimates (members, n, 1)."""
        return self.calibration.prediction(sample_ids, estimates, self.endpoint)

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors files that begin with `name`."""
        fitted = not isinstance(self.candidate, NoInformation)
        settings = {"endpoint": self.endpoint, "fitted": fitted}
        write_state(folder, name, settings, {"centers": self.centers})
        self.candidate.save(folder, f"{name}.model")
        self.calibration.save(folder, f"{name}.calibration")

    @classmethod
    def load(cls, folder: Path, name: str, model: type[Candidate], kind: str) -> Self:
        """Read what :meth:`save` wrote.

        Parameters
        ----------
        folder, name
            Place of the files.
        model
            Class of the candidate.
        kind
            Kind of the endpoint: ``survival`` or ``response``.
        """
        settings, arrays = read_state(folder, name)
        calibration: type[Calibration] = CALIBRATIONS[kind]
        return cls(
            settings["endpoint"],
            (model if settings["fitted"] else NoInformation).load(folder, f"{name}.model"),
            arrays["centers"],
            calibration.load(folder, f"{name}.calibration"),
        )


@dataclass(frozen=True)
class NoInformation:
    """Stands in for a candidate that could not be fitted: all patients have the same prediction."""

    members: int

    def estimates(self, patients: EncodedPatients) -> Array:
        """(members, n, 1) zeros."""
        return np.zeros((self.members, len(patients.sample_ids), 1))

    def save(self, folder: Path, name: str) -> None:
        """Write json."""
        write_json(folder / f"{name}.json", {"members": self.members})

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        return cls(read_json(folder / f"{name}.json")["members"])


def no_information(part: TrainingPart) -> CandidateFit:
    """Predict all patients alike, for a candidate that cannot be fitted to `part`."""
    candidate = NoInformation(len(part.folds))
    return CandidateFit(candidate, candidate.estimates(part.patients))


class CalibratedFit(NamedTuple):
    """A calibrated candidate, and its centred estimates (members, n) of the training patients."""

    candidate: CalibratedCandidate
    estimates: Array

    def held_out(self, held_out_by: NDArray[np.int64]) -> Array:
        """(n,) estimate of each training patient by the member that leaves the patient out."""
        return held_out(self.estimates, held_out_by)


CALIBRATIONS: dict[str, type[Calibration]] = {"survival": CoxRecalibration, "response": ResponseRecalibration}


def calibrate_candidate(part: TrainingPart, fit: CandidateFit) -> CalibratedFit:
    """Calibrate a candidate on its held-out estimates.

    Parameters
    ----------
    part
        The training part that it was fitted to.
    fit
        The candidate.

    Returns
    -------
    CalibratedFit
        With a slope of 0 if the estimates carry no information.
    """
    estimates = fit.estimates[..., 0]
    centers = np.array([one[part.training_rows(number)].mean() for number, one in enumerate(estimates)])
    centred = estimates - centers[:, None]
    observed = np.flatnonzero(part.endpoint.observed)
    calibration = _calibration(held_out(centred, part.held_out_by)[observed], part.endpoint.take(observed))
    return CalibratedFit(CalibratedCandidate(part.name, fit.candidate, centers, calibration), centred)


def held_out(estimates: Array, held_out_by: NDArray[np.int64]) -> Array:
    """Select the estimate of each patient by the member that leaves the patient out.

    Parameters
    ----------
    estimates
        (members, n, ...).
    held_out_by
        (n,) number of the member that is fitted without the patient.

    Returns
    -------
    numpy.ndarray
        (n, ...).
    """
    selected: Array = estimates[held_out_by, np.arange(len(held_out_by))]
    return selected


def _calibration(held_out: Array, endpoint: Survival | Response) -> Calibration:
    if isinstance(endpoint, Response):
        return ResponseRecalibration.fit(held_out, endpoint.positive)
    return CoxRecalibration.fit(held_out, endpoint.event, endpoint.time, endpoint.entry)
