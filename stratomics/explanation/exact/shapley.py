"""Exact Shapley values of a few blocks of inputs, from the value of every coalition."""

from __future__ import annotations

from math import factorial

import numpy as np
from numpy.typing import NDArray

__all__ = ["coalitions", "shapley_values"]

Array = NDArray[np.float64]


def coalitions(players: int) -> NDArray[np.bool_]:
    """List the coalitions of some players.

    Parameters
    ----------
    players
        Their number.

    Returns
    -------
    numpy.ndarray
        (2 ** players, players) bool: whether a player is in a coalition. The first is empty, the last has all.

    Examples
    --------
    >>> coalitions(2).astype(int).tolist()
    [[0, 0], [1, 0], [0, 1], [1, 1]]
    """
    numbers = np.arange(2**players)
    members: NDArray[np.bool_] = (numbers[:, None] >> np.arange(players)) & 1 == 1
    return members


def shapley_values(worth: Array) -> Array:
    """Compute the Shapley value of each player (Shapley 1953, doi 10.1515/9781400881970-018).

    Parameters
    ----------
    worth
        (2 ** players, ...) worth of each coalition, in the order of :func:`coalitions`.

    Returns
    -------
    numpy.ndarray
        (players, ...); the sum over players is the worth of all players minus that of none.

    Examples
    --------
    >>> shapley_values(np.array([0.0, 1.0, 2.0, 5.0]))
    array([2., 3.])
    """
    players = len(worth).bit_length() - 1
    size = coalitions(players).sum(axis=1)
    weight = np.array([factorial(k) * factorial(players - k - 1) for k in range(players)]) / factorial(
        players
    )
    values = np.empty((players, *worth.shape[1:]))
    numbers = np.arange(len(worth))
    for player in range(players):
        without = numbers[(numbers >> player) & 1 == 0]
        gained = worth[without | 1 << player] - worth[without]
        values[player] = np.tensordot(weight[size[without]], gained, 1)
    return values
