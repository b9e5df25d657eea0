"""Fitted: an ensemble that predicts patients it never saw, and how it is kept on disk."""

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
from models.calibration.member_predictions import benefit
from models.ensemble.inputs import COVARIATES, FACTORS, InputLayout
from models.ensemble.network import EnsembleNetwork, LinearPath
from models.ensemble.stratifier import Stratifier
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
    """What belongs to one endpoint.

    Attributes
    ----------
    name, kind, head
        Of the endpoint; the head by its name in HEADS.
    centers
        (members, p) mean estimate of each member, which means nothing to the others.
    calibration
        Makes true what the members say around their means.
    horizon
        Time up to which survival under both arms is compared.
    promise
        Sets or bounds, and when a prediction is unsure; release 0.1.0 made none.
    """

    name: str
    kind: str
    head: str
    centers: Array
    calibration: Calibration
    horizon: float
    promise: Conformal | None

    def predict(self, sample_ids: NDArray[np.str_], said: Array) -> Prediction:
        """Predict from what the members say (members, n, p)."""
        around = said - self.centers[:, None, :]
        prediction = self.calibration.prediction(sample_ids, around, self.name)
        return (
            prediction
            if self.promise is None
            else prediction.having(self.promise.columns(self.members(said)))
        )

    def members(self, said: Array) -> Any:
        """Give what the members say, after recalibration."""
        return self.calibration.members(said - self.centers[:, None, :])

    def benefit(self, treated: Array, control: Array) -> tuple[Array, Array]:
        """Mean and spread (n,) of what the arm changes, from what the members say under either."""
        return benefit(self.members(treated), self.members(control), self.horizon)


@dataclass(frozen=True)
class Fitted:
    """An ensemble that predicts patients it never saw; of `endpoints` the first decides.

    `ood_score` says how unlike those of training a patient is; release 0.1.0 did not know. `training_history` says how the
    losses of the members went by epoch; a model that was read knows nothing of it.
    """

    encoders: list[Encoder]
    layout: InputLayout
    stratifier: Stratifier
    endpoints: list[FittedEndpoint]
    ood_score: OodScore | None
    factor_model: str
    training_history: pd.DataFrame = field(default_factory=NO_HISTORY.copy)

    def predict(self, cohort: MuData) -> Prediction:
        """Predict every patient of `cohort`, whichever views they have; under each arm, where there are arms.

        Who is in neither arm is predicted in the middle between them.
        """
        for finding in shift_findings(self.encoders[0].harmonizer, cohort):
            if finding.severity == WARNING:
                log.info("%s: %s", finding.place, finding.sentence)
        encoded = [encoder.encode(cohort) for encoder in self.encoders]
        return self.predict_encoded(cohort.obs_names.to_numpy(dtype=str), encoded, arm_codes(cohort))

    def predict_encoded(
        self, ids: NDArray[np.str_], encoded: list[Encoded], codes: Array | None
    ) -> Prediction:
        """Predict n patients as each member sees them; `codes` (n,) are their arms, where there are arms."""
        blocks = [own.blocks for own in encoded]
        own = np.zeros(len(ids)) if codes is None else codes
        arms = {RECEIVED: own, "control": np.full_like(own, CONTROL), "treated": np.full_like(own, TREATED)}
        asked = arms if self.layout.arms else {RECEIVED: own}
        said = {
            arm: self.stratifier.predict(self.layout.stack(blocks, code)) for arm, code in asked.items()
        }
        under = {arm: self._predict(ids, estimates) for arm, estimates in said.items()}
        prediction = under[RECEIVED].having(self._caution(encoded, said[RECEIVED][0]))
        if not self.layout.arms:
            return prediction
        first = self.endpoints[0].benefit(said["treated"][0], said["control"][0])
        return Prediction.under_arms(under | {RECEIVED: prediction}, *first)

    def _predict(self, ids: NDArray[np.str_], said: list[Array]) -> Prediction:
        parts = [own.predict(ids, estimates) for own, estimates in zip(self.endpoints, said, strict=True)]
        return Prediction.together(parts)

    def _caution(self, encoded: list[Encoded], said: Array) -> dict[str, NDArray[Any]]:
        """Columns ``ood`` and ``abstain``, from what the members say (members, n, p) of the deciding endpoint."""
        first = self.endpoints[0]
        if self.ood_score is None or first.promise is None:
            return {}
        ood = self.ood_score.score(
            [own.factors for own in encoded], [own.reconstruction_error for own in encoded]
        )
        return {"ood": ood, "abstain": abstain(ood, first.promise.unsure(first.members(said)))}

    def save(self, folder: Path) -> None:
        """Write the model as json and safetensors."""
        network = self.stratifier.network
        arrays = {name: value.numpy() for name, value in network.state_dict().items()}
        parts: list[dict[str, Any]] = []
        for number, (own, head) in enumerate(zip(self.endpoints, self.stratifier.heads, strict=True)):
            learned, of_head = to_state(head, f"head{number}")
            parts.append(
                {
                    "name": own.name,
                    "kind": own.kind,
                    "head": own.head,
                    "horizon": own.horizon,
                    "learned": learned,
                }
            )
            arrays |= of_head | {f"centers{number}": own.centers}
            own.calibration.save(folder, f"calibration{number}")
            if own.promise is not None:
                own.promise.save(folder, f"promise{number}")
        settings = {
            "members": network.members,
            "hidden": network.hidden,
            "layout": {"widths": dict(self.layout.widths), "arms": self.layout.arms},
            "endpoints": parts,
            "factor_model": self.factor_model,
        }
        write_state(folder, "network", settings, arrays)
        if self.ood_score is not None:
            self.ood_score.save(folder, "outlying")
        for number, encoder in enumerate(self.encoders):
            encoder.save(folder, f"member{number}")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        settings, arrays = read_state(folder, "network")
        name, count = settings["factor_model"], settings["members"]
        encoders = [Encoder.load(folder, f"member{number}", name) for number in range(count)]
        if "layout" not in settings:
            settings, arrays = _migrated(settings, arrays, encoders[0])
        layout, endpoints, heads, paths = InputLayout(**settings["layout"]), [], [], []
        for number, part in enumerate(settings["endpoints"]):
            kind: type[Head] = resolve(HEADS[part["kind"]], part["head"], f"head.{part['kind']}")
            head = from_state(kind, part["learned"], arrays, f"head{number}")
            centers = arrays.pop(f"centers{number}")
            calibration = head.calibration.load(folder, part.get("calibration", f"calibration{number}"))
            known = any(folder.glob(f"promise{number}.*"))
            promise = CONFORMAL[part["kind"]].load(folder, f"promise{number}") if known else None
            named = (part["name"], part["kind"], part["head"])
            endpoints.append(FittedEndpoint(*named, centers, calibration, part["horizon"], promise))
            heads.append(head)
            start = arrays.get(f"paths.{number}.intercept")
            begin = None if start is None else torch.from_numpy(start)
            paths.append(LinearPath(count, layout.total, head.outputs, begin))
        network = EnsembleNetwork(count, layout.total, layout.total_without_arm, settings["hidden"], paths, 0)
        network.load_state_dict({name: torch.from_numpy(value) for name, value in arrays.items()})
        known = (folder / "outlying.json").is_file()
        ood_score = OodScore.load(folder, "outlying") if known else None
        return cls(encoders, layout, Stratifier(network, heads).eval(), endpoints, ood_score, name)


def _migrated(
    settings: dict[str, Any], arrays: dict[str, NDArray[Any]], encoder: Encoder
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Release 0.1.0 knew one endpoint, survival by Cox, and inputs of factors and covariates."""
    covariates = len(encoder.harmonizer.covariates.names)
    widths = {FACTORS: settings["inputs"] - covariates, COVARIATES: covariates}
    names = {"wide": "paths.0.weight", "second": "second.0"}
    arrays = {names.get(name, name): value for name, value in arrays.items()}
    arrays["centers0"] = arrays.pop("centers").reshape(settings["members"], -1)
    endpoint = {"name": "survival", "kind": "survival", "head": settings["head"]["model"], "horizon": np.inf}
    return {
        "layout": {"widths": {name: width for name, width in widths.items() if width}, "arms": False},
        "endpoints": [endpoint | {"learned": {}, "calibration": "recalibration"}],
        "hidden": settings["head"]["hidden"],
        "members": settings["members"],
    }, arrays
