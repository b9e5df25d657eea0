"""Statistical claims in two sizes: a small one for every landing that can still fail, and the full one of docs/claims.md.

The small one raises a false alarm in fewer than 1 of 1,000 repetitions with other seeds.
"""

from __future__ import annotations

from typing import Any

import pytest
from scipy.stats import binom

__all__ = ["FALSE_ALARM", "Z", "at_least", "at_most", "repetitions"]

FALSE_ALARM = 0.001
Z = 3.3
"""Monte Carlo standard errors that a mean may be off, on either side, in 1 of 1,000 repetitions."""


def repetitions(small: int, full: int, *, quick: bool = False) -> pytest.MarkDecorator:
    """Parametrize a test by its number of `repetitions`: few in CI (marked slow unless `quick`), all by hand."""
    marks: list[Any] = [] if quick else [pytest.mark.slow]
    few = pytest.param(small, marks=marks, id=f"{small}")
    return pytest.mark.parametrize(
        "repetitions", [few, pytest.param(full, marks=pytest.mark.simulation, id=f"{full}")]
    )


def at_most(share: float, n: int) -> int:
    """Largest number of `n` that a true `share` exceeds in fewer than 1 of 1,000 repetitions."""
    return int(binom.ppf(1 - FALSE_ALARM, n, share))


def at_least(share: float, n: int) -> int:
    """Smallest number of `n` that a true `share` falls below in fewer than 1 of 1,000 repetitions."""
    return int(binom.ppf(FALSE_ALARM, n, share))
