"""Shapley values of linear models in closed form, with treatment arms that modify the effect of an input."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.ensemble.inputs import ARM, InputLayout
from stratomics.explanation.exact.member_parts import MemberParts, slopes_needed

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["linear_parts", "main_inputs"]

Array = NDArray[np.float64]


def main_inputs(layout: InputLayout, blocks: Mapping[str, Array]) -> dict[str, Array]:
    """Select the blocks of a layout for one member, with zeros where the member has fewer inputs than others.

    Parameters
    ----------
    layout
        Blocks of the inputs.
    blocks
        Block -> (n, width) inputs of a member.

    Returns
    -------
    dict
        Block -> (n, width of the layout).
    """
    n = len(next(iter(blocks.values())))
    padded = {}
    for name, width in layout.widths.items():
        values = blocks.get(name, np.zeros((n, 0)))
        padded[name] = np.pad(values, ((0, 0), (0, width - values.shape[1])))
    return padded


def linear_parts(
    layout: InputLayout,
    weights: Array,
    patients: tuple[Mapping[str, Array], Array],
    reference: tuple[Mapping[str, Array], Array],
) -> MemberParts:
    """Interventional Shapley values of a linear model (Lundberg and Lee 2017, arXiv 1705.07874).

    The value of an input is its coefficient times its distance from the mean of the reference. The product of an input
    with the arm is a game of two players, which share its worth.

    Parameters
    ----------
    layout
        Blocks of the inputs.
    weights
        (inputs,) coefficients, those of the arm and of its products included.
    patients, reference
        Blocks (n, width) and arms (n,) of the patients, and of the reference patients.

    Returns
    -------
    MemberParts
        Contributions to the linear predictor.
    """
    (x, arm), (z, arm_z) = (
        (main_inputs(layout, blocks), np.asarray(codes)) for blocks, codes in (patients, reference)
    )
    means = {name: values.mean(axis=0) for name, values in z.items()}
    values = {name: weights[layout.columns(name)] * (x[name] - means[name]) for name in x}
    slopes = {name: np.tile(weights[layout.columns(name)], (len(arm), 1)) for name in x}
    base = float(sum(weights[layout.columns(name)] @ means[name] for name in x))
    if layout.arms:
        mean_arm = float(arm_z.mean())
        of_arm = weights[layout.columns(ARM)] * (arm - mean_arm)[:, None]
        base += float(weights[layout.columns(ARM)][0] * mean_arm)
        for name in (one for one in x if f"{ARM}:{one}" in layout.all_widths):
            product = weights[layout.columns(f"{ARM}:{name}")]
            joint = (z[name] * arm_z[:, None]).mean(axis=0)
            own, mean = arm[:, None] * x[name], means[name]
            values[name] += product / 2 * (own - arm[:, None] * mean + x[name] * mean_arm - joint)
            slopes[name] += product * (arm[:, None] + mean_arm) / 2
            shared = product / 2 * (own + arm[:, None] * mean - x[name] * mean_arm - joint)
            of_arm = of_arm + shared.sum(axis=1, keepdims=True)
            base += float(product @ joint)
        values[ARM] = of_arm
    return MemberParts(base, values, {name: slopes[name] for name in slopes if slopes_needed(name)})
