"""Contributions of the inputs of the wide and deep network: closed form where it is linear, else exact over blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.ensemble.inputs import ARM, InputLayout
from stratomics.explanation.exact.linear import linear_parts, main_inputs
from stratomics.explanation.exact.member_parts import MemberParts, slopes_needed, sum_parts
from stratomics.explanation.exact.shapley import coalitions, shapley_values

if TYPE_CHECKING:
    from stratomics.encoding.training_part import EncodedPatients
    from stratomics.explanation.reference import TrainingReference
    from stratomics.fitting.fitted import Fitted
    from stratomics.fitting.wide_deep import WideDeep

__all__ = ["deep_worth", "network_parts", "shared_within"]

Array = NDArray[np.float64]
Score = Callable[[Array, Array], Array]
"""Inputs without the arm (rows, inputs) and arms (rows,) -> score (rows,) of one member."""

FEW = 32
"""Rows of the reference for a network whose output is not a sum of hidden units, which takes far more time."""

NEAR = 1e-9
"""An input that is nearer to the mean of the reference has no slope."""

CELLS = 4_000_000
"""Largest number of hidden values that are held together."""


def network_parts(
    fitted: Fitted,
    patients: EncodedPatients,
    reference: TrainingReference,
    score: Callable[[Array], Array],
    number: int = 0,
) -> list[MemberParts]:
    """Attribute the part of the score that comes from the network, for each member.

    Parameters
    ----------
    fitted
        The model.
    patients
        n patients.
    reference
        Training patients.
    score
        Estimates (members, rows, p) of the endpoint by the network -> part of the score (members, rows).
    number
        Number of the endpoint; 0 is the primary endpoint.

    Returns
    -------
    list of MemberParts
        One per member. With one output without a link, the linear path has its closed form and hidden units are summed;
        else exact Shapley values over blocks of the whole function.
    """
    model = fitted.wide_deep
    if model.module.heads[number].exact_linear:
        parts = _by_hidden_units(model, patients, reference, number)
        zero = score(np.zeros((len(parts), 1, 1)))[:, 0]
        unit = score(np.ones((len(parts), 1, 1)))[:, 0] - zero
        return [part.scaled(float(u), float(c)) for part, u, c in zip(parts, unit, zero, strict=True)]
    return [
        _whole(
            _member_score(model, score, member, number),
            model.layout,
            *_sides(patients, reference, member, FEW),
        )
        for member in range(len(patients.members))
    ]


def _sides(
    patients: EncodedPatients, reference: TrainingReference, member: int, most: int | None = None
) -> tuple[tuple[Mapping[str, Array], Array], tuple[Mapping[str, Array], Array]]:
    """Blocks and arms of the patients, and of the reference patients."""
    blocks, rows = reference.members[member].blocks, np.arange(len(reference.arms))
    if most is not None and len(rows) > most:
        rows = np.linspace(0, len(rows) - 1, most).astype(np.int64)
    few = {name: values[rows] for name, values in blocks.items()}
    arms = patients.arms if patients.arms is not None else np.zeros(len(patients.sample_ids))
    return (patients.blocks[member], arms), (few, reference.arms[rows])


def _by_hidden_units(
    model: WideDeep, patients: EncodedPatients, reference: TrainingReference, number: int
) -> list[MemberParts]:
    """Linear path in closed form, hidden units exactly over blocks."""
    network, parts = model.module.network, []
    state = {name: value.numpy().astype(np.float64) for name, value in network.state_dict().items()}
    for member in range(network.members):
        sides = _sides(patients, reference, member)
        linear = linear_parts(model.layout, state[f"paths.{number}.weight"][member, :, 0], *sides)
        intercept = float(state[bias][member, 0]) if (bias := f"paths.{number}.intercept") in state else 0.0
        both = [linear.scaled(1.0, intercept)]
        if network.hidden:
            hidden = (state["first"][member], state["bias"][member], state[f"second.{number}"][member, :, 0])
            (x, _), (z, _) = sides
            both.append(
                _hidden(model.layout, main_inputs(model.layout, x), main_inputs(model.layout, z), hidden)
            )
        parts.append(sum_parts(both))
    return parts


def _hidden(
    layout: InputLayout, x: Mapping[str, Array], z: Mapping[str, Array], hidden: tuple[Array, Array, Array]
) -> MemberParts:
    """Contributions to ``relu(inputs @ first + bias) @ second``."""
    first, bias, second = hidden
    worth = deep_worth(
        [x[name] @ first[layout.columns(name)] for name in x],
        [z[name] @ first[layout.columns(name)] for name in x],
        bias,
        second,
    )

    def score(inputs: Array, _arm: Array) -> Array:
        value: Array = np.maximum(inputs @ first + bias, 0.0) @ second
        return value

    return _within(score, x, z, np.zeros(len(worth[0])), 0.0, worth)


def deep_worth(x: Sequence[Array], z: Sequence[Array], bias: Array, second: Array) -> Array:
    """Mean of a hidden layer over reference patients, for every coalition of blocks.

    Parameters
    ----------
    x, z
        For each block (n, hidden) and (r, hidden): what it adds to the hidden units of the patients and of the
        reference patients.
    bias, second
        (hidden,) bias and weight of each hidden unit, which is 0 where its input is negative.

    Returns
    -------
    numpy.ndarray
        (coalitions, n).
    """
    inside, n = coalitions(len(x)), len(x[0])
    step = max(CELLS // max(z[0].size, 1), 1)
    worth = np.empty((len(inside), n))
    for number, members in enumerate(inside):
        own = bias + sum((one for one, inner in zip(x, members, strict=True) if inner), np.zeros_like(x[0]))
        other = sum((one for one, inner in zip(z, members, strict=True) if not inner), np.zeros_like(z[0]))
        for start in range(0, n, step):
            active = np.maximum(own[start : start + step, None] + other, 0.0)
            worth[number, start : start + step] = active.mean(axis=1) @ second
    return worth


def _member_score(model: WideDeep, score: Callable[[Array], Array], member: int, number: int) -> Score:
    """Score of one member as a function of its inputs."""
    count = model.module.network.members

    def of_member(inputs: Array, arm: Array) -> Array:
        rows = model.layout.with_arm(inputs, arm).astype(np.float32)
        estimates = model.module.predict(np.broadcast_to(rows, (count, *rows.shape)).copy())[number]
        value: Array = score(estimates)[member]
        return value

    return of_member


def _whole(
    score: Score,
    layout: InputLayout,
    patients: tuple[Mapping[str, Array], Array],
    reference: tuple[Mapping[str, Array], Array],
) -> MemberParts:
    """Exact Shapley values over blocks, the arm among them, of a function of all inputs of a member."""
    x, z = main_inputs(layout, patients[0]), main_inputs(layout, reference[0])
    arm, arm_z = patients[1], reference[1]
    names = [*x, *([ARM] if layout.arms else [])]
    inside, (n, r) = coalitions(len(names)), (len(arm), len(arm_z))
    worth = np.empty((len(inside), n))
    for number, members in enumerate(inside):
        chosen = dict(zip(names, members, strict=True))
        mixed = [np.repeat(x[name], r, axis=0) if chosen[name] else np.tile(z[name], (n, 1)) for name in x]
        arms = np.repeat(arm, r) if chosen.get(ARM, True) else np.tile(arm_z, n)
        worth[number] = score(np.hstack(mixed), arms).reshape(n, r).mean(axis=1)
    return _within(score, x, z, arm, float(arm_z.mean()), worth)


def _within(
    score: Score, x: Mapping[str, Array], z: Mapping[str, Array], arm: Array, mean_arm: float, worth: Array
) -> MemberParts:
    """Share the Shapley value of each block among its inputs.

    The share follows the change of the score when one input alone is moved to or from the mean of the reference.
    """
    of_blocks = shapley_values(worth)
    inputs, mean = np.hstack(list(x.values())), np.hstack([one.mean(axis=0) for one in z.values()])
    alone = _one_at_a_time(score, inputs, mean, arm, mean_arm)
    values, slopes, start = dict[str, Array](), dict[str, Array](), 0
    for number, (name, block) in enumerate(x.items()):
        columns = slice(start, start + block.shape[1])
        start = columns.stop
        values[name] = shared_within(alone[:, columns], of_blocks[number])
        if slopes_needed(name):
            distance = inputs[:, columns] - mean[columns]
            slopes[name] = np.divide(
                alone[:, columns], distance, out=np.zeros_like(distance), where=np.abs(distance) > NEAR
            )
    if len(of_blocks) > len(x):
        values[ARM] = of_blocks[-1][:, None]
    return MemberParts(float(worth[0].mean()), values, slopes)


def _one_at_a_time(score: Score, inputs: Array, mean: Array, arm: Array, mean_arm: float) -> Array:
    """(n, inputs) mean change of the score when an input is moved to the mean, and from the mean to its value."""
    n, width = inputs.shape
    alone = np.empty((n, width))
    middle, arms = np.tile(mean, (n, 1)), np.full(n, mean_arm)
    own, other = score(inputs, arm), score(middle, arms)
    for column in range(width):
        without, only = inputs.copy(), middle.copy()
        without[:, column], only[:, column] = mean[column], inputs[:, column]
        alone[:, column] = (own - score(without, arm) + score(only, arms) - other) / 2
    return alone


def shared_within(alone: Array, total: Array) -> Array:
    """Change contributions so that their sum is `total`: what is missing is shared by their absolute sizes.

    Parameters
    ----------
    alone
        (n, width) contributions.
    total
        (n,) sum to reach.

    Returns
    -------
    numpy.ndarray
        (n, width); equal shares where all contributions are 0.

    Examples
    --------
    >>> shared_within(np.array([[1.0, -1.0], [0.0, 0.0]]), np.array([1.0, 1.0]))
    array([[ 1.5, -0.5],
           [ 0.5,  0.5]])
    """
    size, width = np.abs(alone), alone.shape[1]
    whole = size.sum(axis=1, keepdims=True)
    share = np.divide(size, whole, out=np.full_like(size, 1.0 / max(width, 1)), where=whole > 0)
    shared: Array = alone + share * (total - alone.sum(axis=1))[:, None]
    return shared
