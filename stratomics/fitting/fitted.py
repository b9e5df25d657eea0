"""Fitted: the fitted mixture, which predicts new patients and is saved as json and safetensors."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from mudata import MuData
from numpy.typing import NDArray
from scipy.special import logit

from datamodules.exposure.refit import KineticRefit
from datamodules.shift import shift_findings
from models.calibration.abstention import abstention_reason
from models.calibration.calibration import Calibration
from models.calibration.conformal import CONFORMAL, Conformal
from models.calibration.member_predictions import ResponseMembers, SurvivalMembers, benefit
from models.ensemble.training_history import NO_HISTORY
from models.heads.head import Head
from models.ood.ood_score import OodScore
from models.prediction import MEASURED_SHARE, RECEIVED, Prediction
from omics.checks.finding import WARNING
from omics.cohort.arms import CONTROL, TREATED
from omics.cohort.endpoints import Survival
from omics.common.errors import ConfigError, nearest
from omics.common.files import read_json, read_state, write_json, write_state
from omics.common.registry import resolve
from stratomics.candidates import CANDIDATES
from stratomics.candidates.candidate import CalibratedCandidate, held_out
from stratomics.config import MIXTURE, WIDE_DEEP
from stratomics.encoding.encoder import Encoder
from stratomics.encoding.training_part import EncodedPatients, TrainingPart
from stratomics.evaluation.comparison import OURS
from stratomics.fitting.exposure_effect import ExposureEffect
from stratomics.fitting.mixture import Mixture, plausible_estimates
from stratomics.fitting.wide_deep import WideDeep

__all__ = ["EndpointMembers", "Fitted", "FittedEndpoint"]

log = logging.getLogger(__name__)

Array = NDArray[np.float64]

MIDDLE = (CONTROL + TREATED) / 2
"""Code of a patient between the arms."""


@dataclass(frozen=True)
class FittedEndpoint:
    """Calibration of one endpoint.

    Attributes
    ----------
    name, kind
        Name and kind of the endpoint.
    centers
        (members, p) mean estimate of each member over its training patients.
    calibration
        Recalibrates centered estimates.
    horizon
        Time up to which survival under both arms is compared.
    conformal
        Response sets or survival bounds, and the limit of uncertainty above which the model abstains.
    """

    name: str
    kind: str
    centers: Array
    calibration: Calibration
    horizon: float
    conformal: Conformal

    def predict(
        self, sample_ids: NDArray[np.str_], estimates: Array, spread: Array | None = None
    ) -> Prediction:
        """Predict n patients.

        Parameters
        ----------
        sample_ids
            (n,) ids of the patients.
        estimates
            (members, n, p) estimates of the members.
        spread
            (n,) standard deviation over the candidates of a mixture.
        """
        centered = estimates - self.centers[:, None, :]
        prediction = self.calibration.prediction(sample_ids, centered, self.name)
        plausible = self.plausible(estimates, spread)
        return prediction.with_columns(self.conformal.columns(self.members(estimates), plausible))

    def is_uncertain(self, estimates: Array, spread: Array) -> NDArray[np.bool_]:
        """(n,) bool: True if the prediction is too uncertain to act upon; arguments as of :meth:`predict`."""
        return self.conformal.is_uncertain(self.members(estimates), self.plausible(estimates, spread))

    def plausible(self, estimates: Array, spread: Array | None) -> SurvivalMembers | ResponseMembers:
        """Recalibrated predictions whose spread is that of members and candidates."""
        return self.members(estimates if spread is None else plausible_estimates(estimates, spread))

    def members(self, estimates: Array) -> SurvivalMembers | ResponseMembers:
        """Recalibrated predictions of each member from its estimates (members, n, p), or of all members twice."""
        centers = np.tile(self.centers, (len(estimates) // len(self.centers), 1))
        return self.calibration.members(estimates - centers[:, None, :])

    def scores(self, estimates: Array) -> Array:
        """(members, n) calibrated log hazards or log odds of each member, from its estimates (members, n, p)."""
        return self.calibration.score(estimates - self.centers[:, None, :])

    def benefit(self, treated: Array, control: Array) -> tuple[Array, Array]:
        """Mean over the members and spread (n,) of treated minus control, from the estimates under either arm."""
        return benefit(self.members(treated), self.members(control), self.horizon)

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors files that begin with `name`."""
        settings = {"name": self.name, "kind": self.kind, "horizon": self.horizon}
        write_state(folder, name, settings, {"centers": self.centers})
        self.calibration.save(folder, f"{name}.calibration")
        self.conformal.save(folder, f"{name}.conformal")

    @classmethod
    def load(cls, folder: Path, name: str, head: Head) -> Self:
        """Read what :meth:`save` wrote."""
        settings, arrays = read_state(folder, name)
        kind = settings["kind"]
        calibration = head.calibration.load(folder, f"{name}.calibration")
        conformal = CONFORMAL[kind].load(folder, f"{name}.conformal")
        return cls(settings["name"], kind, arrays["centers"], calibration, settings["horizon"], conformal)


class EndpointMembers(NamedTuple):
    """Predictions of an endpoint by each member, and twice as many whose spread is that of members and candidates."""

    members: SurvivalMembers | ResponseMembers
    plausible: SurvivalMembers | ResponseMembers


class _Estimates(NamedTuple):
    """Estimates of the network by endpoint, and centred estimates of the candidates of the primary endpoint."""

    network: list[Array]
    candidates: dict[str, Array]


@dataclass(frozen=True)
class Fitted:
    """The fitted model of stratomics: a mixture of candidates.

    Attributes
    ----------
    encoders
        Encoder of each member.
    wide_deep
        The networks of all members.
    alone
        Calibration of the primary endpoint for the wide and deep network alone.
    candidates
        The other candidates, by name.
    mixture
        Weights of the candidates.
    endpoints
        The predicted endpoints: the primary endpoint by the mixture, the others by the wide and deep network.
    ood_score
        Measures how unlike the training patients a patient is.
    factor_model
        Name in FACTOR_MODELS.
    training_history
        Losses of the members by epoch. A loaded model has none.
    exposure_effect
        Effect of exposure on each endpoint; None for a model without exposure.
    kinetics
        The kinetic model refitted to the training patients; None where none was asked for.
    """

    encoders: list[Encoder]
    wide_deep: WideDeep
    alone: FittedEndpoint
    candidates: Mapping[str, CalibratedCandidate]
    mixture: Mixture
    endpoints: list[FittedEndpoint]
    ood_score: OodScore
    factor_model: str
    training_history: pd.DataFrame = field(default_factory=NO_HISTORY.copy)
    exposure_effect: ExposureEffect | None = None
    kinetics: KineticRefit | None = None

    def prepared(self, cohort: MuData) -> MuData:
        """Return patients with their exposure under the refitted model; themselves where none was refitted."""
        return cohort if self.kinetics is None else self.kinetics.apply(cohort)

    def encode(self, cohort: MuData) -> EncodedPatients:
        """Encode new patients, as each member does."""
        return EncodedPatients.of(self.prepared(cohort), self.encoders)

    def predict(self, cohort: MuData, method: str = OURS) -> Prediction:
        """Predict all patients of `cohort`, with any subset of the views, and under both arms if there are arms.

        A patient in neither arm is predicted at the middle between the arms. The columns ``measured_share.VIEW`` have
        the share of the features used of a view that a patient has.

        Parameters
        ----------
        cohort
            The patients.
        method
            ``stratomics``, or one of :attr:`methods`, which predicts the primary endpoint alone.

        Raises
        ------
        ConfigError
            If the model has no such candidate.
        """
        if method not in (OURS, *self.methods):
            raise ConfigError(f"method '{method}': {nearest(method, [OURS, *self.methods])}")
        cohort = self.prepared(cohort)
        for finding in shift_findings(self.encoders[0].harmonizer, cohort):
            if finding.severity == WARNING:
                log.info("%s: %s", finding.place, finding.sentence)
        patients = self.encode(cohort)
        if method == OURS:
            shares = np.mean([member.measured for member in patients.members], axis=0)
            columns = {
                f"{MEASURED_SHARE}{view}": share for view, share in zip(self.views, shares.T, strict=True)
            }
            return self.predict_encoded(patients).with_columns(columns)
        if method == WIDE_DEEP:
            return self.alone.predict(patients.sample_ids, self.wide_deep.estimates(patients)[0])
        return self.candidates[method].predict(patients)

    def predict_encoded(self, patients: EncodedPatients) -> Prediction:
        """Predict encoded patients."""
        return self._predict_mixture(patients, self._estimates(patients, self._weighted))

    def members_encoded(self, patients: EncodedPatients) -> list[EndpointMembers]:
        """Predictions of each endpoint by the members, under the treatment received."""
        estimates = self._estimates(patients, self._weighted)
        parts = zip(self.endpoints, self._by_endpoint(estimates), self._spreads(estimates), strict=True)
        return [
            EndpointMembers(endpoint.members(values), endpoint.plausible(values, spread))
            for endpoint, values, spread in parts
        ]

    def predict_each(self, patients: EncodedPatients) -> dict[str, Prediction]:
        """Predict encoded patients by the mixture, and the primary endpoint by each candidate alone."""
        estimates = self._estimates(patients, list(self.candidates))
        predictions = {OURS: self._predict_mixture(patients, estimates)}
        predictions[WIDE_DEEP] = self.alone.predict(patients.sample_ids, estimates.network[0])
        for name, candidate in self.candidates.items():
            predictions[name] = candidate.prediction(patients.sample_ids, estimates.candidates[name])
        return predictions

    def held_out_scores(self, part: TrainingPart) -> Array:
        """Score the patients that the model was fitted to, each by the member that was fitted without the patient.

        Parameters
        ----------
        part
            The training part of this model, n patients.

        Returns
        -------
        numpy.ndarray
            (n,) calibrated log hazard or log odds of the primary endpoint; in a cohort with arms, at the middle between
            the arms.
        """
        patients = part.patients if part.arms is None else part.patients.under(MIDDLE)
        estimates = self.mixture.combine(self._estimates(patients, self._weighted).candidates)
        primary = self.endpoints[0]
        score = held_out(estimates - primary.centers[:, None, :], part.held_out_by)
        # Twice, since one member has no standard deviation over members.
        twice = np.stack([score, score])
        predicted = primary.calibration.prediction(patients.sample_ids, twice, primary.name).patients
        if primary.kind == Survival.kind:
            return predicted["risk"].to_numpy(dtype=np.float64)
        log_odds: Array = logit(predicted["response_probability"].to_numpy(dtype=np.float64))
        return log_odds

    def held_out_endpoints(self, part: TrainingPart, patients: EncodedPatients) -> dict[str, Array]:
        """Score the training patients on each endpoint as :meth:`held_out_scores` does, as `patients` encodes them.

        Returns
        -------
        dict
            Endpoint -> (n,) calibrated log hazard or log odds; in a cohort with arms, at the middle between the arms.
        """
        between = patients if part.arms is None else patients.under(MIDDLE)
        estimates = self._by_endpoint(self._estimates(between, self._weighted))
        return {
            endpoint.name: held_out(endpoint.scores(values)[..., None], part.held_out_by)[:, 0]
            for endpoint, values in zip(self.endpoints, estimates, strict=True)
        }

    def scores(self, patients: EncodedPatients, number: int = 0) -> Array:
        """Compute the calibrated prediction of each member, on the scale on which candidates are mixed.

        Parameters
        ----------
        patients
            n encoded patients, under the treatment received.
        number
            Number of the endpoint; 0 is the primary endpoint.

        Returns
        -------
        numpy.ndarray
            (members, n) log hazards, whose mean over members is the delivered risk; or log odds of a response, where
            the delivered probability is the mean of the members' probabilities.
        """
        estimates = self._estimates(patients, self._weighted)
        return self.endpoints[number].scores(self._by_endpoint(estimates)[number])

    @property
    def views(self) -> list[str]:
        """Names of the views."""
        return list(self.encoders[0].harmonizer.views)

    @property
    def methods(self) -> list[str]:
        """Names of the candidates."""
        return [WIDE_DEEP, *self.candidates]

    @property
    def _weighted(self) -> list[str]:
        """Candidates other than the network that have a weight."""
        return [name for name in self.candidates if self.mixture.weights.get(name)]

    def _estimates(self, patients: EncodedPatients, names: Sequence[str]) -> _Estimates:
        """Estimates of the network and of the other candidates `names`."""
        network = self.wide_deep.estimates(patients)
        candidates = {name: self.candidates[name].estimates(patients) for name in names}
        return _Estimates(network, candidates | {WIDE_DEEP: network[0] - self.alone.centers[:, None]})

    def _by_endpoint(self, estimates: _Estimates) -> list[Array]:
        """For each endpoint (members, n, p) estimates: of the mixture, then of the network."""
        return [self.mixture.combine(estimates.candidates), *estimates.network[1:]]

    def _predict_mixture(self, patients: EncodedPatients, estimates: _Estimates) -> Prediction:
        """Predict all endpoints from the estimates under the treatment received, and under both arms if known."""
        by_endpoint, spread = self._by_endpoint(estimates), self.mixture.spread(estimates.candidates)
        received = self._predict(patients, estimates)
        received = received.with_columns(self._abstention(patients, by_endpoint[0], spread))
        if not self.wide_deep.layout.arms:
            return received
        treated, control = (
            self._estimates(patients.under(code), self._weighted) for code in (TREATED, CONTROL)
        )
        by_arm = {
            RECEIVED: received,
            "control": self._predict(patients, control),
            "treated": self._predict(patients, treated),
        }
        primary = (self._by_endpoint(one)[0] for one in (treated, control))
        return Prediction.under_arms(by_arm, *self.endpoints[0].benefit(*primary))

    def _predict(self, patients: EncodedPatients, estimates: _Estimates) -> Prediction:
        parts = zip(self.endpoints, self._by_endpoint(estimates), self._spreads(estimates), strict=True)
        return Prediction.combine_endpoints(
            [endpoint.predict(patients.sample_ids, values, spread) for endpoint, values, spread in parts]
        )

    def _spreads(self, estimates: _Estimates) -> list[Array | None]:
        """Spread over the candidates of the primary endpoint; the network alone predicts the others."""
        return [self.mixture.spread(estimates.candidates), *(None for _ in self.endpoints[1:])]

    def _abstention(
        self, patients: EncodedPatients, estimates: Array, spread: Array
    ) -> dict[str, NDArray[Any]]:
        """Columns ``ood``, ``abstain`` and ``abstain_reason``, from estimates (members, n, p) of an endpoint."""
        ood = self.ood_score.score(
            [member.factors for member in patients.members],
            [member.reconstruction_error for member in patients.members],
            [member.measured for member in patients.members],
        )
        reason = abstention_reason(ood, self.endpoints[0].is_uncertain(estimates, spread))
        return {"ood": ood, "abstain": reason != "", "abstain_reason": reason}

    def save(self, folder: Path) -> None:
        """Write the model to `folder` as json and safetensors."""
        self.wide_deep.save(folder)
        self.alone.save(folder, WIDE_DEEP)
        for name, candidate in self.candidates.items():
            candidate.save(folder, name)
        for number, endpoint in enumerate(self.endpoints):
            endpoint.save(folder, f"endpoint{number}")
        self.ood_score.save(folder, "ood_score")
        if self.exposure_effect is not None:
            self.exposure_effect.save(folder)
        for number, encoder in enumerate(self.encoders):
            encoder.save(folder, f"member{number}")
        if self.kinetics is not None:
            self.kinetics.save(folder)
        content = {
            "weights": dict(self.mixture.weights),
            "slopes": dict(self.mixture.slopes),
            "candidates": list(self.candidates),
            "endpoints": len(self.endpoints),
            "members": len(self.encoders),
            "factor_model": self.factor_model,
        }
        write_json(folder / f"{MIXTURE}.json", content)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        content, wide_deep = read_json(folder / f"{MIXTURE}.json"), WideDeep.load(folder)
        model = content["factor_model"]
        encoders = [Encoder.load(folder, f"member{number}", model) for number in range(content["members"])]
        heads = wide_deep.module.heads
        endpoints = [
            FittedEndpoint.load(folder, f"endpoint{number}", head) for number, head in enumerate(heads)
        ]
        kind = endpoints[0].kind
        candidates = {
            name: CalibratedCandidate.load(
                folder, name, resolve(CANDIDATES[kind], name, "candidate").model, kind
            )
            for name in content["candidates"]
        }
        return cls(
            encoders,
            wide_deep,
            FittedEndpoint.load(folder, WIDE_DEEP, heads[0]),
            candidates,
            Mixture(content["weights"], content["slopes"]),
            endpoints,
            OodScore.load(folder, "ood_score"),
            model,
            exposure_effect=ExposureEffect.load(folder),
            kinetics=KineticRefit.load(folder),
        )
