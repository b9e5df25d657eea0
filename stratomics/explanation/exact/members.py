"""Contributions of all inputs to the score of each member: the candidates of the mixture, weighted and recalibrated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.ensemble.inputs import COVARIATES
from stratomics.config import WIDE_DEEP
from stratomics.explanation.exact.candidates import candidate_parts
from stratomics.explanation.exact.member_parts import MemberParts, sum_parts
from stratomics.explanation.exact.network import network_parts

if TYPE_CHECKING:
    from stratomics.encoding.training_part import EncodedPatients
    from stratomics.explanation.reference import TrainingReference
    from stratomics.fitting.fitted import Fitted

__all__ = ["score_parts"]

Array = NDArray[np.float64]


def score_parts(
    fitted: Fitted, patients: EncodedPatients, reference: TrainingReference, number: int = 0
) -> list[MemberParts]:
    """Attribute the scores of the members to their inputs.

    Parameters
    ----------
    fitted
        The model.
    patients
        n patients, under the treatment received.
    reference
        Training patients.
    number
        Number of the endpoint. The primary endpoint, 0, is predicted by the mixture, the others by the network alone.

    Returns
    -------
    list of MemberParts
        One per member. Base plus contributions is the score of :meth:`stratomics.fitting.fitted.Fitted.scores`.
    """
    if number:
        return network_parts(fitted, patients, reference, fitted.endpoints[number].scores, number)
    endpoint, multipliers = fitted.endpoints[0], fitted.mixture.multipliers
    additive = endpoint.calibration.additive
    constant = endpoint.scores(np.zeros((len(fitted.encoders), 1, 1)))[:, 0] if additive else None
    sources = []
    for name, multiplier in multipliers.items():
        if name == WIDE_DEEP:
            sources.append(_of_network(fitted, patients, reference, multiplier, constant))
        else:
            factor, candidate = endpoint.calibration.slope * multiplier, fitted.candidates[name]
            parts = candidate_parts(candidate.candidate, patients, reference)
            shifts = -factor * candidate.centers
            sources.append(
                [part.scaled(factor, float(shift)) for part, shift in zip(parts, shifts, strict=True)]
            )
    if constant is not None:
        nothing = {COVARIATES: np.zeros((len(patients.sample_ids), 0))}
        sources.append([MemberParts(float(level), nothing, {}) for level in constant])
    return [sum_parts(of_member) for of_member in zip(*sources, strict=True)]


def _of_network(
    fitted: Fitted,
    patients: EncodedPatients,
    reference: TrainingReference,
    multiplier: float,
    constant: Array | None,
) -> list[MemberParts]:
    """Part of the scores that comes from the network; all of it if the scores are no sum over candidates."""
    centers, endpoint = fitted.alone.centers[:, None], fitted.endpoints[0]
    level = 0.0 if constant is None else constant[:, None]

    def score(estimates: Array) -> Array:
        of_members: Array = endpoint.scores(multiplier * (estimates - centers)) - level
        return of_members

    return network_parts(fitted, patients, reference, score)
