"""Calibration of a panel's score on held-out scores: probabilities or curves, and sets or bounds that hold for 90%."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from models.calibration.censoring_model import conditional_censoring
from models.calibration.cox_recalibration import CoxRecalibration
from models.calibration.cross_conformal import HeldOutScores
from models.calibration.response_recalibration import ResponseRecalibration
from models.calibration.response_sets import ResponseSets, sets_as_text
from models.calibration.survival_bounds import SurvivalBounds
from models.linear.elastic_net import elastic_net
from models.linear.group_ridge import likelihood_of
from models.prediction import Prediction
from models.survival.breslow import BreslowBaseline
from models.survival.kaplan_meier import StepFunction
from omics.cohort.endpoints import Response, Survival
from omics.common.files import JsonObject
from stratomics.strata.panel.target import BenefitTarget, PanelTarget

__all__ = [
    "CALIBRATIONS",
    "BenefitCalibration",
    "PanelCalibration",
    "ResponseCalibration",
    "SurvivalCalibration",
    "calibrate",
]

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

CLASSES = ("negative", "positive")
TAXONOMIES = {"response_set": "label", "response_set_marginal": "marginal"}
RIDGE = 1e-3


class PanelCalibration(Protocol):
    """What turns scores of new patients into predictions."""

    kind: ClassVar[str]

    @property
    def slope(self) -> float:
        """Calibration slope of held-out scores; 0 if they carry no information."""
        ...

    def level(self, score: Array) -> Array:
        """(n,) what the cut is on: higher is a higher risk, probability of a response, or benefit."""
        ...

    def prediction(self, sample_ids: NDArray[np.str_], score: Array, endpoint: str) -> Prediction:
        """Predict n patients."""
        ...

    def to_json(self) -> JsonObject:
        """Content for json."""
        ...

    @classmethod
    def from_json(cls, content: JsonObject) -> Self:
        """Read what :meth:`to_json` returned."""
        ...


@dataclass(frozen=True)
class ResponseCalibration:
    """Probability of a response, and sets of responses.

    Attributes
    ----------
    recalibration
        Slope and intercept of held-out scores.
    sets
        Name of a column -> sets with a stated coverage, within each class or marginal.
    """

    kind: ClassVar[str] = "response"

    recalibration: ResponseRecalibration
    sets: dict[str, ResponseSets]

    @classmethod
    def fit(cls, held_out: Array, response: Response, fold: Rows) -> Self:  # noqa: ARG003  # one signature
        """Learn from the scores (n,) that models of other patients gave to n patients."""
        recalibration = ResponseRecalibration.fit(held_out, response.positive)
        both, label = _both(recalibration.probability(held_out)), response.positive.astype(np.int64)
        # One locked score takes the place of the models of the folds, so that all count as one member.
        one = np.zeros(len(label), dtype=np.int64)
        sets = {name: ResponseSets.fit_unchecked(both, label, one, kind) for name, kind in TAXONOMIES.items()}
        return cls(recalibration, sets)

    @property
    def slope(self) -> float:
        """Calibration slope of held-out scores."""
        return self.recalibration.slope

    def level(self, score: Array) -> Array:
        """(n,) probability of a response."""
        return self.recalibration.probability(score)

    def in_sets(self, score: Array, name: str) -> NDArray[np.bool_]:
        """(n, 2) whether each class is in the set."""
        return self.sets[name].predict(_both(self.level(score))[None])

    def prediction(self, sample_ids: NDArray[np.str_], score: Array, endpoint: str) -> Prediction:
        """Predict the probability of a response and sets of responses."""
        columns = {name: sets_as_text(self.in_sets(score, name), CLASSES) for name in self.sets}
        return Prediction.of_response(sample_ids, endpoint, self.level(score)).with_columns(columns)

    def to_json(self) -> JsonObject:
        """Content for json."""
        sets = {
            name: {
                "alpha": one.alpha,
                "score": one.held_out.score.tolist(),
                "category": one.held_out.category.tolist(),
            }
            for name, one in self.sets.items()
        }
        return {**asdict(self.recalibration), "sets": sets}

    @classmethod
    def from_json(cls, content: JsonObject) -> Self:
        """Read what :meth:`to_json` returned."""
        sets = {}
        for name, kind in TAXONOMIES.items():
            stored = content["sets"][name]
            category = np.array(stored["category"], dtype=np.int64)
            scores = HeldOutScores(np.array(stored["score"]), np.zeros_like(category), category)
            sets[name] = ResponseSets(stored["alpha"], kind, len(CLASSES), ("all",), scores)
        return cls(ResponseRecalibration(content["slope"], content["intercept"]), sets)


@dataclass(frozen=True)
class SurvivalCalibration:
    """Survival curves, and lower bounds on the time.

    Attributes
    ----------
    recalibration
        Slope and baseline hazard of held-out scores.
    bounds
        Bounds that 90% of the patients reach.
    """

    kind: ClassVar[str] = "survival"

    recalibration: CoxRecalibration
    bounds: SurvivalBounds

    @classmethod
    def fit(cls, held_out: Array, survival: Survival, fold: Rows) -> Self:
        """Learn from the scores (n,) that models of other patients gave to n patients."""
        event, time, entry = survival.event, survival.time, survival.entry
        recalibration = CoxRecalibration.fit(held_out, event, time, entry)
        curves = StepFunction(recalibration.baseline.times, recalibration.survival(held_out))
        if entry is not None:
            return cls(recalibration, SurvivalBounds.fit_with_entry(curves, event, time, entry))
        censoring = conditional_censoring(held_out[:, None], event, time, fold)
        return cls(recalibration, SurvivalBounds.fit(curves, event, time, censoring))

    @property
    def slope(self) -> float:
        """Calibration slope of held-out scores."""
        return self.recalibration.slope

    def level(self, score: Array) -> Array:
        """(n,) calibrated log hazard."""
        return self.recalibration.log_hazard(score)

    def curves(self, score: Array) -> StepFunction:
        """(n, t) survival curves."""
        return StepFunction(self.recalibration.baseline.times, self.recalibration.survival(score))

    def prediction(self, sample_ids: NDArray[np.str_], score: Array, endpoint: str) -> Prediction:  # noqa: ARG002  # one signature
        """Predict risk, curves and lower bounds."""
        curves = self.curves(score)
        plain = Prediction.of_survival(sample_ids, self.level(score), curves.times, curves.values)
        return plain.with_columns({"survival_bound": self.bounds(curves)})

    def to_json(self) -> JsonObject:
        """Content for json."""
        baseline = self.recalibration.baseline
        return {
            "slope": self.slope,
            "times": baseline.times.tolist(),
            "cumulative_hazard": baseline.cumulative_hazard.tolist(),
            "center": baseline.center,
            "bounds": asdict(self.bounds),
        }

    @classmethod
    def from_json(cls, content: JsonObject) -> Self:
        """Read what :meth:`to_json` returned."""
        times, hazard = np.array(content["times"]), np.array(content["cumulative_hazard"])
        baseline = BreslowBaseline(times, hazard, content["center"])
        return cls(CoxRecalibration(content["slope"], baseline), SurvivalBounds(**content["bounds"]))


@dataclass(frozen=True)
class BenefitCalibration:
    """Predicted effect of treatment: a mean effect, and the slope of held-out scores.

    Attributes
    ----------
    slope
        Benefit for each unit of the score; 0 if held-out scores carry no information.
    effect
        Effect at a score of 0: log odds ratio of a response, or minus the log hazard ratio, treated against control.
    average
        Average effect in the training patients.
    """

    kind: ClassVar[str] = "benefit"

    slope: float
    effect: float
    average: float

    @classmethod
    def fit(cls, held_out: Array, target: BenefitTarget) -> Self:
        """Learn from held-out scores (n,) of the effect on the linear predictor."""
        sign = -1.0 if isinstance(target.outcome, Survival) else 1.0
        score = sign * held_out
        spread = float(score.std())
        standard = (score - score.mean()) / spread if spread > 0 else np.zeros_like(score)
        columns = sign * np.column_stack([target.arm, standard * target.arm])
        mean, coefficient = elastic_net(columns, likelihood_of(target.outcome), RIDGE, 0.0)
        slope = max(float(coefficient), 0.0) / spread if spread > 0 else 0.0
        return cls(sign * slope, float(mean) - slope * float(score.mean()), float(mean))

    def level(self, score: Array) -> Array:
        """(n,) effect; higher is a larger benefit."""
        return self.slope * score + self.effect

    def prediction(self, sample_ids: NDArray[np.str_], score: Array, endpoint: str) -> Prediction:  # noqa: ARG002  # one signature
        """Predict the benefit."""
        import pandas as pd

        columns = {"sample_id": sample_ids, "repeat": 0, "fold": 0, "benefit": self.level(score)}
        return Prediction(pd.DataFrame(columns), {})

    def to_json(self) -> JsonObject:
        """Content for json."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: JsonObject) -> Self:
        """Read what :meth:`to_json` returned."""
        return cls(**content)


CALIBRATIONS: dict[str, type[PanelCalibration]] = {
    one.kind: one for one in (ResponseCalibration, SurvivalCalibration, BenefitCalibration)
}
"""Kind -> calibration."""


def calibrate(held_out: Array, target: PanelTarget, fold: Rows) -> PanelCalibration:
    """Calibrate held-out scores.

    Parameters
    ----------
    held_out
        (n,) scores by models of other patients.
    target
        What the score predicts, in the same patients.
    fold
        (n,) number of the fold that held each patient out.

    Returns
    -------
    PanelCalibration
        That of the kind of the target.
    """
    if isinstance(target, BenefitTarget):
        return BenefitCalibration.fit(held_out, target)
    if isinstance(target.outcome, Response):
        return ResponseCalibration.fit(held_out, target.outcome, fold)
    return SurvivalCalibration.fit(held_out, target.outcome, fold)


def _both(positive: Array) -> Array:
    return np.column_stack([1.0 - positive, positive])
