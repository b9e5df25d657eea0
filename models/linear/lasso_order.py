"""Order in which features enter a lasso, by the homotopy of a quadratic approximation: fast enough for many halves."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from models.linear.compiled import compiled
from models.linear.elastic_net import Likelihood

__all__ = ["lasso_order"]

Array = NDArray[np.float64]

COLLINEAR = 1e-9
"""Share of the curvature of a feature that the selected ones leave; with less it is a combination of them."""
TIE = 1e-12
STEPS_PER_FEATURE = 8
"""Most steps per feature, since a feature can leave and enter again."""


def lasso_order(x: Array, likelihood: Likelihood, most: int) -> NDArray[np.int64]:
    """Order in which features enter the lasso of a likelihood that is approximated at coefficients of 0.

    The approximation is a quadratic function, whose lasso path is piecewise linear. Its corners are computed one after
    the other (Osborne et al. 2000, doi 10.1093/imanum/20.3.389; Efron et al. 2004, doi 10.1214/009053604000000067), so
    that no penalty has to be tried. For squared errors the path is exact.

    Parameters
    ----------
    x
        (n, p) features, comparable in scale.
    likelihood
        Likelihood of the n patients.
    most
        Number of features.

    Returns
    -------
    ndarray
        At most `most` columns of `x`, each once; fewer if the others are combinations of them.

    Examples
    --------
    >>> from models.linear.squared_error import SquaredError
    >>> x = np.eye(4)
    >>> lasso_order(x, SquaredError(np.array([1.0, 3.0, -2.0, 0.0]), 1.0), 2).tolist()
    [1, 2]
    """
    at_zero = np.zeros(len(x))
    columns = np.asfortranarray(x)
    curved = np.asfortranarray(likelihood.curvature(at_zero, columns))
    order: NDArray[np.int64] = _corners(columns, curved, -(columns.T @ likelihood.gradient(at_zero)), most)
    return order


@partial(compiled, fast=("reassoc", "contract", "nsz"))
def _corners(  # noqa: C901, PLR0912, PLR0915  # one loop that numba compiles whole
    x: Array, curved: Array, slope: Array, most: int
) -> NDArray[np.int64]:  # pragma: no cover  # compiled
    """Corners of the path of ``b G b / 2 - slope b + penalty |b|_1`` with ``G = x' curved``, from penalty infinity."""
    n, p = x.shape
    limit = min(n - 1, p)
    order, seen = np.empty(most, dtype=np.int64), np.zeros(p, dtype=np.bool_)
    barred, slot = np.zeros(p, dtype=np.bool_), np.full(p, -1)
    gram, used, entered = np.empty((p, 2 * most)), 0, 0
    active, b = np.empty(limit, dtype=np.int64), np.zeros(p)
    change, inside = np.zeros(p), np.zeros(p, dtype=np.bool_)
    k, entering, left = 0, int(np.argmax(np.abs(slope))), -1
    penalty = abs(slope[entering])
    smallest = TIE * penalty
    for _ in range(STEPS_PER_FEATURE * most):
        if entering >= 0:
            if slot[entering] < 0:
                if used == 2 * most:
                    break
                for j in range(p):
                    value = 0.0
                    for i in range(n):
                        value += x[i, j] * curved[i, entering]
                    gram[j, used] = value
                slot[entering] = used
                used += 1
            active[k] = entering
            k += 1
        # Cholesky factor of the curvature of the active features.
        factor = np.zeros((k, k))
        singular = False
        for i in range(k):
            for j in range(i + 1):
                value = gram[active[i], slot[active[j]]]
                for m in range(j):
                    value -= factor[i, m] * factor[j, m]
                if i == j:
                    singular = value <= COLLINEAR * gram[active[i], slot[active[i]]]
                    factor[i, i] = np.sqrt(max(value, TIE))
                else:
                    factor[i, j] = value / factor[j, j]
        if singular:
            # The last feature is a combination of the others.
            barred[active[k - 1]] = True
            k -= 1
        elif entering >= 0 and not seen[entering]:
            seen[entering] = True
            order[entered] = entering
            entered += 1
        if entered == most or k in (limit, 0) or penalty <= smallest:
            break
        direction = np.empty(k)
        for i in range(k):
            value = 1.0 if slope[active[i]] > 0 else -1.0
            for m in range(i):
                value -= factor[i, m] * direction[m]
            direction[i] = value / factor[i, i]
        for i in range(k - 1, -1, -1):
            value = direction[i]
            for m in range(i + 1, k):
                value -= factor[m, i] * direction[m]
            direction[i] = value / factor[i, i]
        inside[:] = False
        for i in range(k):
            inside[active[i]] = True
        step, entering, leaving = penalty, -1, -1
        for j in range(p):
            change[j] = 0.0
            for i in range(k):
                change[j] += gram[j, slot[active[i]]] * direction[i]
            if inside[j] or barred[j] or j == left:
                continue
            for sign in (-1.0, 1.0):
                slower = 1.0 - sign * change[j]
                if slower > TIE:
                    reach = max((penalty - sign * slope[j]) / slower, 0.0)
                    if reach < step:
                        step, entering = reach, j
        for i in range(k):
            if direction[i] != 0.0:
                zero = -b[active[i]] / direction[i]
                if smallest < zero < step:
                    step, entering, leaving = zero, -1, i
        for i in range(k):
            b[active[i]] += step * direction[i]
        for j in range(p):
            slope[j] -= step * change[j]
        penalty -= step
        left = -1
        if leaving >= 0:
            left = active[leaving]
            b[left] = 0.0
            k -= 1
            for i in range(leaving, k):
                active[i] = active[i + 1]
        elif entering < 0:
            break
    return order[:entered]
