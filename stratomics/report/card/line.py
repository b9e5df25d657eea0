"""A line of the report card, and the attributes of a run that checks read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.prediction import Prediction
from omics.cohort.endpoints import Response, Survival
from stratomics.evaluation.cases import Cases

__all__ = ["FAIL", "OPEN", "PASS", "WATCH", "EvaluatedRun", "Line", "all_finite", "graded", "span", "worst"]

PASS, WATCH, FAIL = "pass", "watch", "fail"
OPEN = "open"
"""Grade of a question that is not answered by the run; no check has it."""


@dataclass(frozen=True)
class Line:
    """One line of the report card.

    Attributes
    ----------
    name, check
        Name in CHECKS, and its title in the report.
    verdict
        PASS, WATCH or FAIL.
    reason
        One or more sentences with the numbers.
    section
        Anchor of the section of the report that shows the details.
    """

    name: str
    check: str
    verdict: str
    reason: str
    section: str


class EvaluatedRun(Protocol):
    """Attributes of a run that checks read, as :class:`stratomics.runs.run_directory.RunDirectory` has them."""

    @property
    def metrics(self) -> Mapping[str, Any]: ...
    @property
    def provenance(self) -> Mapping[str, Any]: ...
    @property
    def kind(self) -> str: ...
    @property
    def endpoint(self) -> str: ...
    @property
    def patients(self) -> pd.DataFrame: ...
    @property
    def evaluated(self) -> pd.DataFrame: ...
    @property
    def outcome(self) -> Survival | Response: ...
    @property
    def predictions(self) -> Mapping[str, Prediction]: ...
    @property
    def cases(self) -> Mapping[str, Cases]: ...
    @property
    def resamples(self) -> NDArray[np.float64]: ...
    @property
    def factor_stability(self) -> pd.DataFrame | None: ...


def all_finite(*values: float | None) -> bool:
    """Whether all values are finite numbers.

    Examples
    --------
    >>> all_finite(0.5, 1.0), all_finite(0.5, None), all_finite(float("nan"))
    (True, False, False)
    """
    return all(value is not None and math.isfinite(value) for value in values)


def graded(value: float | None, watch: float, fail: float) -> str:
    """Grade a value for which higher is worse; a missing value gives WATCH.

    Parameters
    ----------
    value
        Value to grade; None or NaN if not available.
    watch, fail
        Thresholds above which the verdict is WATCH, and FAIL.

    Returns
    -------
    str
        PASS, WATCH or FAIL.

    Examples
    --------
    >>> graded(0.1, 0.2, 0.5), graded(0.3, 0.2, 0.5), graded(0.6, 0.2, 0.5), graded(float("nan"), 0.2, 0.5)
    ('pass', 'watch', 'fail', 'watch')
    """
    if value is None or not math.isfinite(value):
        return WATCH
    return FAIL if value > fail else WATCH if value > watch else PASS


def worst(verdicts: Iterable[str]) -> str:
    """Return the worst of several verdicts, and WATCH if there are none.

    Examples
    --------
    >>> worst([PASS, FAIL, WATCH]), worst([])
    ('fail', 'watch')
    """
    return max(verdicts, key=(PASS, WATCH, FAIL).index, default=WATCH)


def span(figure: Mapping[str, Any]) -> str:
    """Format an estimate with its interval, two decimals."""
    return f"{figure['estimate']:.2f} ({figure['low']:.2f} to {figure['high']:.2f})"
