"""Explain predictions: what each covariate, view, factor and feature adds to the delivered prediction of a patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.calibration.cox_recalibration import CoxRecalibration
from models.ensemble.inputs import FACTORS
from omics.cohort.endpoints import Survival
from stratomics.encoding.training_part import EncodedPatients
from stratomics.explanation.exact.combine import LOG_HAZARD, LOG_ODDS, delivered, member_weights, path_weights
from stratomics.explanation.exact.members import score_parts
from stratomics.explanation.levels import LEVELS, ExplainedItem, Levels
from stratomics.explanation.reference import TrainingReference, factor_values
from stratomics.explanation.stability import rank_stability, stability

if TYPE_CHECKING:
    from mudata import MuData

    from stratomics.explanation.outer_folds import OuterFolds
    from stratomics.fitting.fitted import Fitted, FittedEndpoint

__all__ = ["Explanation", "Level", "explain", "explain_encoded"]

Array = NDArray[np.float64]

PATIENTS = 250
"""Patients that are explained together."""

COMPLETE = 1e-6
"""Largest difference between the sum of the contributions and the prediction minus the reference."""


@dataclass(frozen=True)
class Level:
    """Contributions of the items of one level.

    Attributes
    ----------
    items
        The items.
    value
        (n, items) contribution to the prediction: positive means higher log hazard, or higher log odds of a response.
    sd, agreement, stable
        (n, items) standard deviation over members and outer folds, share of them with the sign of `value`, and whether
        it is stable; see :class:`stratomics.explanation.stability.Stability`.
    """

    items: Sequence[ExplainedItem]
    value: Array
    sd: Array
    agreement: Array
    stable: NDArray[np.bool_]


@dataclass(frozen=True)
class Explanation:
    """Attribution of the predictions of n patients.

    Attributes
    ----------
    sample_ids
        (n,).
    scale
        ``log hazard`` or ``log odds``.
    prediction
        (n,) delivered prediction on this scale.
    reference
        Prediction for the reference, to which all contributions are relative.
    reference_patients
        Number of training patients in the reference.
    levels
        Name in LEVELS -> contributions; at each level their sum is `prediction` minus `reference`.
    ranks
        (n,) mean rank correlation, over pairs of members and outer folds, of contributions at the level of views.
    folds
        (n,) number of outer folds whose models explained the patient.
    factors
        (n, factors of the run) value of each factor, mean over members.
    times, survival, over_time
        (t,) times, (n, t) survival probability, and (n, items of the level of views, t) contributions to it. None
        without a proportional-hazards prediction.
    """

    sample_ids: NDArray[np.str_]
    scale: str
    prediction: Array
    reference: float
    reference_patients: int
    levels: dict[str, Level]
    ranks: Array
    folds: NDArray[np.int64]
    factors: Array
    times: Array | None
    survival: Array | None
    over_time: Array | None

    @property
    def incomplete(self) -> float:
        """Largest difference, over patients and levels, between the sum of contributions and what they explain."""
        due = self.prediction - self.reference
        gaps = [np.abs(level.value.sum(axis=1) - due).max(initial=0.0) for level in self.levels.values()]
        return float(max(gaps))


def explain(
    fitted: Fitted,
    cohort: MuData,
    reference: TrainingReference,
    times: Sequence[float] | None = None,
    outer: OuterFolds | None = None,
    number: int = 0,
) -> Explanation:
    """Explain the predictions of all patients of a cohort.

    Parameters
    ----------
    fitted
        The final model of a run.
    cohort
        New or training patients, who may lack views.
    reference
        Training patients of the model.
    times
        Times of the contributions to survival; by default half of the horizon of the model, and the horizon.
    outer
        What the models of the outer folds of the run say about these patients, for the primary endpoint; without,
        stability is that of members.
    number
        Number of the endpoint; 0 is the primary endpoint.

    Returns
    -------
    Explanation
        Contributions at four levels, on the log hazard or the log odds of a response.
    """
    starts = range(0, cohort.n_obs, PATIENTS)
    if fitted.encoders[0].harmonizer.config.adapt:
        starts = range(1)
    step = cohort.n_obs if len(starts) == 1 else PATIENTS
    blocks = [cohort[np.arange(start, min(start + step, cohort.n_obs))] for start in starts]
    levels = Levels(fitted, reference)
    return _joined(
        [
            explain_encoded(fitted, fitted.encode(block), reference, times, levels, outer, number)
            for block in blocks
        ]
    )


def explain_encoded(
    fitted: Fitted,
    patients: EncodedPatients,
    reference: TrainingReference,
    times: Sequence[float] | None = None,
    levels: Levels | None = None,
    outer: OuterFolds | None = None,
    number: int = 0,
) -> Explanation:
    """Explain the predictions of encoded patients; see :func:`explain`.

    Parameters
    ----------
    fitted, patients, reference
        The model, n patients, and the training patients.
    times
        Times of the contributions to survival.
    levels
        The items, if they are known.
    outer
        What the models of the outer folds say, for the primary endpoint.
    number
        Number of the endpoint.

    Returns
    -------
    Explanation
        Contributions at four levels.
    """
    levels = levels or Levels(fitted, reference)
    endpoint = fitted.endpoints[number]
    scale = LOG_HAZARD if endpoint.kind == Survival.kind else LOG_ODDS
    parts = score_parts(fitted, patients, reference, number)
    scores, base = np.stack([part.score for part in parts]), np.array([part.base for part in parts])
    weights = member_weights(scores, base, scale)
    by_level = levels.of_members(patients, parts)
    found, ids = {}, patients.sample_ids
    folds = {name: None if outer is None else outer.at(name, ids, levels.items[name]) for name in LEVELS}
    for name in LEVELS:
        scaled = weights[:, :, None] * by_level[name]
        steady = stability(len(parts) * scaled, informative=reference.informative, folds=folds[name])
        found[name] = Level(
            levels.items[name], scaled.sum(axis=0), steady.sd, steady.agreement, steady.stable
        )
    at, survival, over_time = _over_time(endpoint, scores, base, by_level["views"], times)
    factors = factor_values([one.blocks[FACTORS] for one in patients.members], reference.members)
    return Explanation(
        ids,
        scale,
        delivered(fitted.scores(patients, number), scale),
        float(delivered(base[:, None], scale)[0]),
        reference.patients,
        found,
        rank_stability(by_level["views"], folds["views"]),
        np.zeros(len(ids), np.int64)
        if folds["views"] is None
        else folds["views"].folds * folds["views"].known,
        factors,
        at,
        survival,
        over_time,
    )


def _over_time(
    endpoint: FittedEndpoint, scores: Array, base: Array, by_view: Array, times: Sequence[float] | None
) -> tuple[Array, Array, Array] | tuple[None, None, None]:
    """Compute survival (n, t), the mean of the members' curves, and contributions (n, items, t) to it."""
    if not isinstance(endpoint.calibration, CoxRecalibration):
        return None, None, None
    baseline = endpoint.calibration.baseline
    if times is None and not np.isfinite(endpoint.horizon):
        return None, None, None
    at = np.asarray(
        times if times is not None else [endpoint.horizon / 2, endpoint.horizon], dtype=np.float64
    )
    place = np.searchsorted(baseline.times, at, side="right") - 1

    def curves(log_hazard: Array) -> Array:
        return np.where(place < 0, 1.0, baseline.survival(log_hazard)[..., np.maximum(place, 0)])

    def derivative(log_hazard: Array) -> Array:
        # The derivative of S(t) with respect to the log hazard is S log S.
        survival = curves(log_hazard)
        slope: Array = survival * np.log(np.maximum(survival, np.finfo(np.float64).tiny)) / len(log_hazard)
        return slope

    weights = path_weights(scores, base, derivative)
    return at, curves(scores).mean(axis=0), np.einsum("mnt,mni->nit", weights, by_view)


def _joined(parts: Sequence[Explanation]) -> Explanation:
    """Join the explanations of blocks of patients."""
    first = parts[0]

    def stack(name: str) -> Array:
        return np.concatenate([getattr(part, name) for part in parts])

    levels = {
        level: Level(
            first.levels[level].items,
            *(
                np.concatenate([getattr(part.levels[level], name) for part in parts])
                for name in ("value", "sd", "agreement", "stable")
            ),
        )
        for level in first.levels
    }
    return Explanation(
        np.concatenate([part.sample_ids for part in parts]),
        first.scale,
        stack("prediction"),
        first.reference,
        first.reference_patients,
        levels,
        stack("ranks"),
        np.concatenate([part.folds for part in parts]),
        stack("factors"),
        first.times,
        None if first.survival is None else stack("survival"),
        None if first.over_time is None else stack("over_time"),
    )
