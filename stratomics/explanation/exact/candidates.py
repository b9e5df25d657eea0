"""Contributions of the inputs of each candidate of the mixture; a further candidate registers its own function."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.ensemble.inputs import ARM, COVARIATES
from omics.common.errors import ConfigError
from stratomics.candidates.candidate import Candidate, NoInformation
from stratomics.candidates.elastic_net import ElasticNet
from stratomics.candidates.linear import LateFusion
from stratomics.candidates.linear_members import LinearMembers
from stratomics.candidates.trees import BoostedTrees
from stratomics.encoding.training_part import EncodedPatients
from stratomics.explanation.exact.linear import linear_parts
from stratomics.explanation.exact.member_parts import MemberParts, feature_block, sum_parts
from stratomics.explanation.reference import TrainingReference

if TYPE_CHECKING:
    from stratomics.fitting.fitted import Fitted

__all__ = ["candidate_parts", "has_attribution"]

Array = NDArray[np.float64]


@singledispatch
def candidate_parts(
    candidate: Candidate,
    patients: EncodedPatients,  # noqa: ARG001  # one signature
    reference: TrainingReference,  # noqa: ARG001  # one signature
) -> list[MemberParts]:
    """Attribute the estimates of a candidate to its inputs.

    Parameters
    ----------
    candidate
        A candidate of the mixture.
    patients
        n patients.
    reference
        Training patients.

    Returns
    -------
    list of MemberParts
        One per member.

    Raises
    ------
    ConfigError
        If the candidate is of a class for which no attribution is registered.
    """
    raise ConfigError(
        f"the model has a candidate {type(candidate).__name__}, which has no attribution; register one with "
        "stratomics.explanation.exact.candidates.candidate_parts.register"
    )


def has_attribution(fitted: Fitted) -> bool:
    """Whether every candidate with a weight in the mixture has an attribution.

    Parameters
    ----------
    fitted
        The model.

    Returns
    -------
    bool
        False with a registered candidate whose class :func:`candidate_parts` does not know.
    """
    unknown = candidate_parts.dispatch(object)
    weighted = [
        fitted.candidates[name].candidate for name in fitted.mixture.multipliers if name in fitted.candidates
    ]
    return all(candidate_parts.dispatch(type(candidate)) is not unknown for candidate in weighted)


@candidate_parts.register
def _no_information(
    candidate: NoInformation,
    patients: EncodedPatients,
    reference: TrainingReference,  # noqa: ARG001  # one signature
) -> list[MemberParts]:
    nothing = {COVARIATES: np.zeros((len(patients.sample_ids), 0))}
    return [MemberParts(0.0, nothing, {}) for _ in range(candidate.members)]


@candidate_parts.register
def _linear(
    candidate: LinearMembers, patients: EncodedPatients, reference: TrainingReference
) -> list[MemberParts]:
    arms = _arms(patients)
    return [
        linear_parts(candidate.layout, weights, (blocks, arms), (other.blocks, reference.arms))
        for weights, blocks, other in zip(
            candidate.coefficients, patients.blocks, reference.members, strict=True
        )
    ]


@candidate_parts.register
def _late_fusion(
    candidate: LateFusion, patients: EncodedPatients, reference: TrainingReference
) -> list[MemberParts]:
    by_source = [
        [part.scaled(float(weight)) for part in _linear(source, patients, reference)]
        for weight, source in zip(candidate.weights, candidate.parts, strict=True)
    ]
    return [sum_parts(of_member) for of_member in zip(*by_source, strict=True)]


@candidate_parts.register
def _elastic_net(
    candidate: ElasticNet, patients: EncodedPatients, reference: TrainingReference
) -> list[MemberParts]:
    parts = []
    for member, weights in enumerate(candidate.coefficients):
        batch, other = patients.batch(member), reference.members[member]
        x: dict[str, Array] = {COVARIATES: batch.covariates.astype(np.float64)}
        x |= {feature_block(view): values.astype(np.float64) for view, values in batch.views.items()}
        means = {COVARIATES: other.blocks[COVARIATES].mean(axis=0)}
        means |= {feature_block(view): other.features[view] for view in batch.views}
        if candidate.arms:
            x, means = x | {ARM: _arms(patients)[:, None]}, means | {ARM: reference.arms.mean(keepdims=True)}
        by_block = _split(weights, {name: values.shape[1] for name, values in x.items()})
        values = {name: by_block[name] * (x[name] - means[name]) for name in x}
        parts.append(MemberParts(float(sum(by_block[name] @ means[name] for name in x)), values, {}))
    return parts


@candidate_parts.register
def _trees(
    candidate: BoostedTrees,
    patients: EncodedPatients,
    reference: TrainingReference,  # noqa: ARG001  # trees have their own reference
) -> list[MemberParts]:
    parts = []
    for member, contributions in enumerate(candidate.contributions(patients)):
        batch = patients.batch(member)
        widths = {COVARIATES: batch.covariates.shape[1]}
        widths |= {feature_block(view): values.shape[1] for view, values in batch.views.items()}
        widths |= {ARM: 1} if candidate.arms else {}
        base = float(contributions[0, -1])
        parts.append(MemberParts(base, _split(contributions[:, :-1], widths), {}))
    return parts


def _split(values: Array, widths: dict[str, int]) -> dict[str, Array]:
    """Split the last dimension by block."""
    ends = np.cumsum(list(widths.values()))[:-1]
    return dict(zip(widths, np.split(values, ends, axis=-1), strict=True))


def _arms(patients: EncodedPatients) -> Array:
    return np.zeros(len(patients.sample_ids)) if patients.arms is None else patients.arms
