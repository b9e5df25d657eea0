"""Statistical claims in two sizes: a small one for every landing that can still fail, and that of docs/claims.md.

The small one raises a false alarm in fewer than 1 of 1,000 repetitions with other seeds.
"""

from __future__ import annotations

from typing import Any

import pytest
from scipy.stats import binom, norm

__all__ = ["FALSE_ALARM", "Z", "at_least", "at_most", "margin", "repetitions", "z_of"]

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


def at_most(share: float, n: int, checks: int = 1) -> int:
    """Largest number of `n` that a true `share` exceeds in fewer than 1 of 1,000 repetitions.

    The `checks` of one test share the 1 in 1,000 (Bonferroni).
    """
    return int(binom.ppf(1 - FALSE_ALARM / checks, n, share))


def at_least(share: float, n: int, checks: int = 1) -> int:
    """Smallest number of `n` that a true `share` falls below in fewer than 1 of 1,000 repetitions (see `at_most`)."""
    return int(binom.ppf(FALSE_ALARM / checks, n, share))


def z_of(checks: int) -> float:
    """Standard errors that one of several means may be off, on either side, in 1 of 1,000 repetitions: Bonferroni."""
    return float(norm.isf(FALSE_ALARM / checks / 2))


def margin(standard_error: float, few: int, full: int, checks: int = 1) -> float:
    """How much wider the bound of a mean is with `few` repetitions than with the full number; 0 with the full number.

    `standard_error` is that of the mean with the full number. The one-sided `checks` of one test share the 1 in 1,000.
    """
    if few == full:
        return 0.0
    return float(norm.isf(FALSE_ALARM / checks)) * standard_error * float((full / few) ** 0.5)
