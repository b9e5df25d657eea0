"""Fitted: the fitted ensemble, which predicts new patients and is saved as json and safetensors."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import torch
from mudata import MuData
from numpy.typing import NDArray

from datamodules.shift import shift_findings
from models.calibration.abstention import abstain
from models.calibration.calibration import Calibration
from models.calibration.conformal import CONFORMAL, Conformal
from models.calibration.member_predictions import ResponseMembers, SurvivalMembers, benefit
from models.ensemble.ensemble_module import EnsembleModule
from models.ensemble.inputs import InputLayout
from models.ensemble.network import EnsembleNetwork, LinearPath
from models.ensemble.training_history import NO_HISTORY
from models.heads import HEADS
from models.heads.head import Head
from models.ood.ood_score import OodScore
from models.prediction import RECEIVED, Prediction
from omics.checks.finding import WARNING
from omics.cohort.arms import CONTROL, TREATED, arm_codes
from omics.common.files import from_state, read_state, to_state, write_state
from omics.common.registry import resolve
from stratomics.fitting.encoder import Encoded, Encoder

__all__ = ["Fitted", "FittedEndpoint"]

log = logging.getLogger(__name__)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class FittedEndpoint:
    """Calibration of one endpoint.

    Attributes
    ----------
    name, kind
        Name and kind of the endpoint.
    head
        Name of its head in HEADS.
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
    head: str
    centers: Array
    calibration: Calibration
    horizon: float
    conformal: Conformal

    def predict(self, sample_ids: NDArray[np.str_], estimates: Array) -> Prediction:
        """Predict n patients from the estimates of the members (members, n, p)."""
        centered = estimates - self.centers[:, None, :]
        prediction = self.calibration.prediction(sample_ids, centered, self.name)
        return prediction.with_columns(self.conformal.columns(self.members(estimates)))

    def members(self, estimates: Array) -> SurvivalMembers | ResponseMembers:
        """Recalibrated predictions of each member from its estimates (members, n, p)."""
        return self.calibration.members(estimates - self.centers[:, None, :])

    def benefit(self, treated: Array, control: Array) -> tuple[Array, Array]:
        """Mean over the members and spread (n,) of treated minus control, from the estimates under either arm."""
        return benefit(self.members(treated), self.members(control), self.horizon)


@dataclass(frozen=True)
class Fitted:
    """The fitted ensemble of stratomics.

    Attributes
    ----------
    encoders
        Encoder of each member.
    layout
        Order and width of the inputs of the network.
    stratifier
        The networks of all members, with their heads.
    endpoints
        The predicted endpoints, the primary endpoint first.
    ood_score
        Measures how unlike the training patients a patient is.
    factor_model
        Name in FACTOR_MODELS.
    training_history
        Losses of the members by epoch. A loaded model has none.
    """

    encoders: list[Encoder]
    layout: InputLayout
    stratifier: EnsembleModule
    endpoints: list[FittedEndpoint]
    ood_score: OodScore
    factor_model: str
    training_history: pd.DataFrame = field(default_factory=NO_HISTORY.copy)

    def predict(self, cohort: MuData) -> Prediction:
        """Predict all patients of `cohort`, with any subset of the views, and under both arms if there are arms.

        A patient in neither arm is predicted at the middle between the arms.
        """
        for finding in shift_findings(self.encoders[0].harmonizer, cohort):
            if finding.severity == WARNING:
                log.info("%s: %s", finding.place, finding.sentence)
        encoded = [encoder.encode(cohort) for encoder in self.encoders]
        return self.predict_encoded(cohort.obs_names.to_numpy(dtype=str), encoded, arm_codes(cohort))

    def predict_encoded(
        self, ids: NDArray[np.str_], encoded: list[Encoded], codes: Array | None
    ) -> Prediction:
        """Predict encoded patients.

        Parameters
        ----------
        ids
            (n,) ids of the patients.
        encoded
            The patients as each member encodes them.
        codes
            (n,) their arms, if the cohort has arms.
        """
        blocks = [member.blocks for member in encoded]
        received = np.zeros(len(ids)) if codes is None else codes
        arms = {RECEIVED: received}
        if self.layout.arms:
            arms |= {"control": np.full_like(received, CONTROL), "treated": np.full_like(received, TREATED)}
        estimates = {arm: self.stratifier.predict(self.layout.stack(blocks, c)) for arm, c in arms.items()}
        by_arm = {arm: self._predict(ids, by_endpoint) for arm, by_endpoint in estimates.items()}
        prediction = by_arm[RECEIVED].with_columns(self._abstention(encoded, estimates[RECEIVED][0]))
        if not self.layout.arms:
            return prediction
        benefit_and_spread = self.endpoints[0].benefit(estimates["treated"][0], estimates["control"][0])
        return Prediction.under_arms(by_arm | {RECEIVED: prediction}, *benefit_and_spread)

    def _predict(self, ids: NDArray[np.str_], by_endpoint: list[Array]) -> Prediction:
        pairs = zip(self.endpoints, by_endpoint, strict=True)
        return Prediction.combine_endpoints(
            [endpoint.predict(ids, estimates) for endpoint, estimates in pairs]
        )

    def _abstention(self, encoded: list[Encoded], estimates: Array) -> dict[str, NDArray[Any]]:
        """Columns ``ood`` and ``abstain``, from the estimates (members, n, p) of the primary endpoint."""
        primary = self.endpoints[0]
        ood = self.ood_score.score(
            [member.factors for member in encoded], [member.reconstruction_error for member in encoded]
        )
        return {
            "ood": ood,
            "abstain": abstain(ood, primary.conformal.is_uncertain(primary.members(estimates))),
        }

    def save(self, folder: Path) -> None:
        """Write the model to `folder` as json and safetensors."""
        network = self.stratifier.network
        arrays = {name: value.numpy() for name, value in network.state_dict().items()}
        parts: list[dict[str, object]] = []
        for number, (endpoint, head) in enumerate(zip(self.endpoints, self.stratifier.heads, strict=True)):
            learned, of_head = to_state(head, f"head{number}")
            parts.append(
                {
                    "name": endpoint.name,
                    "kind": endpoint.kind,
                    "head": endpoint.head,
                    "horizon": endpoint.horizon,
                    "learned": learned,
                }
            )
            arrays |= of_head | {f"centers{number}": endpoint.centers}
            endpoint.calibration.save(folder, f"calibration{number}")
            endpoint.conformal.save(folder, f"conformal{number}")
        settings = {
            "members": network.members,
            "hidden": network.hidden,
            "layout": {"widths": dict(self.layout.widths), "arms": self.layout.arms},
            "endpoints": parts,
            "factor_model": self.factor_model,
        }
        write_state(folder, "network", settings, arrays)
        self.ood_score.save(folder, "ood_score")
        for number, encoder in enumerate(self.encoders):
            encoder.save(folder, f"member{number}")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        settings, arrays = read_state(folder, "network")
        name, count = settings["factor_model"], settings["members"]
        encoders = [Encoder.load(folder, f"member{number}", name) for number in range(count)]
        layout, endpoints, heads, paths = InputLayout(**settings["layout"]), [], [], []
        for number, part in enumerate(settings["endpoints"]):
            kind: type[Head] = resolve(HEADS[part["kind"]], part["head"], f"head.{part['kind']}")
            head = from_state(kind, part["learned"], arrays, f"head{number}")
            centers = arrays.pop(f"centers{number}")
            calibration = head.calibration.load(folder, f"calibration{number}")
            conformal = CONFORMAL[part["kind"]].load(folder, f"conformal{number}")
            named = (part["name"], part["kind"], part["head"])
            endpoints.append(FittedEndpoint(*named, centers, calibration, part["horizon"], conformal))
            heads.append(head)
            start = arrays.get(f"paths.{number}.intercept")
            begin = None if start is None else torch.from_numpy(start)
            paths.append(LinearPath(count, layout.total, head.outputs, begin))
        network = EnsembleNetwork(count, layout.total, layout.total_without_arm, settings["hidden"], paths, 0)
        network.load_state_dict({name: torch.from_numpy(value) for name, value in arrays.items()})
        ood_score = OodScore.load(folder, "ood_score")
        return cls(encoders, layout, EnsembleModule(network, heads).eval(), endpoints, ood_score, name)
