"""The values of a population model as one vector, for its estimation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from datamodules.exposure.published.kinetic_model import Block, KineticModel

__all__ = [
    "ErrorValues",
    "PopulationValues",
    "blocks_of",
    "bounds_of",
    "estimated_parameters",
    "model_at",
    "packed_values",
    "unpacked_values",
]

LARGEST_SHIFT = float(np.log(20))
"""Largest change of the logarithm of a typical value or of a residual error."""

VARIANCES = (1e-6, 4.9)
"""Smallest and largest square of a diagonal element of the root of a covariance."""


@dataclass(frozen=True)
class ErrorValues:
    """A residual error whose standard deviations have derivatives."""

    form: str
    additive: Tensor
    proportional: Tensor


class PopulationValues(NamedTuple):
    """Changes of the logarithms of typical values, roots of each block of omega, and the residual error."""

    shift: dict[str, Tensor]
    roots: list[Tensor]
    error: ErrorValues


def blocks_of(model: KineticModel) -> tuple[Block, ...]:
    """Return the blocks of covariances, those between patients first.

    Parameters
    ----------
    model
        The model.

    Returns
    -------
    tuple of Block
        The blocks.
    """
    return (*model.variability, *model.occasion_variability)


def estimated_parameters(model: KineticModel) -> list[str]:
    """Return the parameters whose typical values are estimated: those with a random effect.

    Parameters
    ----------
    model
        The model.

    Returns
    -------
    list of str
        Their names.
    """
    names = [*model.random_parameters, *model.occasion_parameters]
    return list(dict.fromkeys(names))


def packed_values(model: KineticModel) -> np.ndarray:
    """Return all parameters as one vector: shifts, roots with logarithms on their diagonal, logarithms of the errors.

    Parameters
    ----------
    model
        The model.

    Returns
    -------
    numpy.ndarray
        (parameters,).
    """
    parts = [np.zeros(len(estimated_parameters(model)))]
    for block in blocks_of(model):
        root = np.linalg.cholesky(np.array(block.covariance))
        root[np.diag_indices_from(root)] = np.log(np.diag(root))
        parts.append(root[np.tril_indices_from(root)])
    errors = [value for value in (model.residual.additive, model.residual.proportional) if value > 0]
    return np.concatenate([*parts, np.log(errors)])


def unpacked_values(model: KineticModel, point: Tensor) -> PopulationValues:
    """Read a vector, with derivatives.

    Parameters
    ----------
    model
        The model that the shifts begin at.
    point
        (parameters,) vector in the order of :func:`packed_values`.

    Returns
    -------
    PopulationValues
        Its parts.
    """
    names = estimated_parameters(model)
    shift = dict(zip(names, point, strict=False))
    place, roots = len(names), []
    for block in blocks_of(model):
        size = len(block.parameters)
        count = size * (size + 1) // 2
        rows, columns = torch.tril_indices(size, size)
        root = torch.zeros(size, size, dtype=point.dtype).index_put(
            (rows, columns), point[place : place + count]
        )
        on_diagonal = torch.eye(size, dtype=torch.bool)
        roots.append(torch.where(on_diagonal, torch.diag_embed(torch.diagonal(root).exp()), root))
        place += count
    errors = []
    for value in (model.residual.additive, model.residual.proportional):
        errors.append(point[place].exp() if value > 0 else torch.zeros((), dtype=point.dtype))
        place += int(value > 0)
    return PopulationValues(shift, roots, ErrorValues(model.residual.form, *errors))


def model_at(model: KineticModel, point: Tensor) -> KineticModel:
    """Write the values of a vector into the model.

    Parameters
    ----------
    model
        The model that the shifts begin at.
    point
        (parameters,) vector in the order of :func:`packed_values`.

    Returns
    -------
    KineticModel
        The model with these values.
    """
    population = unpacked_values(model, point)
    parameters = dict(model.parameters)
    for name, shift in population.shift.items():
        value = parameters[name].typical * float(shift.exp())
        parameters[name] = parameters[name].model_copy(update={"typical": value})
    blocks = [
        block.model_copy(update={"covariance": tuple(map(tuple, (root @ root.mT).tolist()))})
        for block, root in zip(blocks_of(model), population.roots, strict=True)
    ]
    between = len(model.variability)
    error = population.error
    residual = model.residual.model_copy(
        update={"additive": float(error.additive), "proportional": float(error.proportional)}
    )
    return model.model_copy(
        update={
            "parameters": parameters,
            "variability": tuple(blocks[:between]),
            "occasion_variability": tuple(blocks[between:]),
            "residual": residual,
        }
    )


def bounds_of(model: KineticModel, start: np.ndarray) -> list[tuple[float, float]]:
    """Return the bounds within which a model can be written and read again.

    Parameters
    ----------
    model
        The model that an estimation starts from.
    start
        Its vector, as from :func:`packed_values`.

    Returns
    -------
    list of tuple
        Lowest and highest value of each entry.
    """
    bounds = [(value - LARGEST_SHIFT, value + LARGEST_SHIFT) for value in start]
    place = len(estimated_parameters(model))
    low = float(np.log(VARIANCES[0]) / 2)
    for block in blocks_of(model):
        size = len(block.parameters)
        rows, columns = np.tril_indices(size)
        for row, column in zip(rows, columns, strict=True):
            reach = float(np.sqrt(VARIANCES[1] / size))
            bounds[place] = (low, float(np.log(reach))) if row == column else (-reach, reach)
            place += 1
    return bounds
