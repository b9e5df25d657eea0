"""Coverage and width of response sets."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from stratomics.evaluation.cases import ResponseCases
from stratomics.evaluation.metrics.metric import SHARE, Metric
from stratomics.evaluation.metrics.survival_bounds import NOMINAL_COVERAGE

__all__ = [
    "MARGINAL_SET_COVERAGE",
    "MARGINAL_SET_COVERAGE_POSITIVE",
    "MARGINAL_SET_WIDTH",
    "SET_COVERAGE",
    "SET_COVERAGE_NEGATIVE",
    "SET_COVERAGE_POSITIVE",
    "SET_WIDTH",
    "covered",
    "marginal_set_coverage",
    "marginal_set_coverage_positive",
    "marginal_set_width",
    "set_coverage",
    "set_coverage_negative",
    "set_coverage_positive",
    "set_width",
]

Array = NDArray[np.float64]

NO_SETS = "no sets of responses were predicted"


def set_coverage(cases: ResponseCases, weight: Array) -> Array:
    """Coverage of response sets: share of patients whose set contains their response; nominal 0.9.

    Vovk, Gammerman and Shafer 2005, doi 10.1007/b106715. Overall coverage can be nominal although one class is hardly
    covered. Repeats are averaged.

    Parameters
    ----------
    cases
        n patients.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws,) between 0 and 1; NaN if no sets were predicted.
    """
    return _mean(covered(cases), weight)


def set_coverage_positive(cases: ResponseCases, weight: Array) -> Array:
    """Coverage of response sets in patients with a positive response; nominal 0.9, as :func:`set_coverage`.

    Parameters
    ----------
    cases
        n patients.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws,) between 0 and 1; NaN if no sets were predicted.
    """
    return _mean(covered(cases), weight * cases.positive)


def set_coverage_negative(cases: ResponseCases, weight: Array) -> Array:
    """Coverage of response sets in patients with a negative response; nominal 0.9, as :func:`set_coverage`.

    Parameters
    ----------
    cases
        n patients.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws,) between 0 and 1; NaN if no sets were predicted.
    """
    return _mean(covered(cases), weight * ~cases.positive)


def set_width(cases: ResponseCases, weight: Array) -> Array:
    """Mean number of classes in a response set; lower is better at equal coverage.

    Vovk et al. 2016, doi 10.1007/978-3-319-33395-3_2 (the N criterion). A set of both classes is uninformative. Repeats
    are averaged.

    Parameters
    ----------
    cases
        n patients.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws,) between 0 and 2; NaN if no sets were predicted.
    """
    return _mean(None if cases.sets is None else cases.sets.sum(axis=2).astype(np.float64), weight)


def marginal_set_coverage(cases: ResponseCases, weight: Array) -> Array:
    """Coverage of marginal response sets; nominal 0.9, as :func:`set_coverage`.

    Marginal sets have nominal coverage over all patients; ``response_set`` has it within each class.

    Parameters
    ----------
    cases
        n patients.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws,) between 0 and 1; NaN if no sets were predicted.
    """
    return set_coverage(cases.marginal, weight)


def marginal_set_coverage_positive(cases: ResponseCases, weight: Array) -> Array:
    """Coverage of marginal response sets in patients with a positive response; nominal 0.9.

    It can be low although the coverage over all patients is nominal.

    Parameters
    ----------
    cases
        n patients.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws,) between 0 and 1; NaN if no sets were predicted.
    """
    return set_coverage_positive(cases.marginal, weight)


def marginal_set_width(cases: ResponseCases, weight: Array) -> Array:
    """Mean number of classes in a marginal response set; lower is better, as :func:`set_width`.

    Parameters
    ----------
    cases
        n patients.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws,) between 0 and 2; NaN if no sets were predicted.
    """
    return set_width(cases.marginal, weight)


def covered(cases: ResponseCases) -> Array | None:
    """(repeats, n) 1 if the set contains the response, else 0; None if no sets were predicted."""
    if cases.sets is None:
        return None
    return np.where(cases.positive, cases.sets[..., 1], cases.sets[..., 0]).astype(np.float64)


def _mean(values: Array | None, weight: Array) -> Array:
    """(draws,) weighted mean of values (repeats, n) over patients, then over repeats; NaN without values or weight."""
    undefined = np.full(len(weight), np.nan)
    if values is None:
        return undefined
    total = weight.sum(axis=1)
    mean: Array = np.divide((weight @ values.T).mean(axis=1), total, out=undefined, where=total > 0)
    return mean


def _coverage(function: Callable[[ResponseCases, Array], Array], label: str) -> Metric:
    return Metric(
        function, higher_is_better=None, label=label, best=NOMINAL_COVERAGE, limits=SHARE, absent=NO_SETS
    )


SET_COVERAGE = _coverage(set_coverage, "coverage of response sets")
SET_COVERAGE_POSITIVE = _coverage(set_coverage_positive, "coverage of positive patients")
SET_COVERAGE_NEGATIVE = _coverage(set_coverage_negative, "coverage of negative patients")
MARGINAL_SET_COVERAGE = _coverage(marginal_set_coverage, "coverage of marginal sets")
MARGINAL_SET_COVERAGE_POSITIVE = _coverage(
    marginal_set_coverage_positive, "coverage of positive patients by marginal sets"
)
MARGINAL_SET_WIDTH = Metric(
    marginal_set_width,
    higher_is_better=False,
    label="width of marginal sets",
    limits=(0.0, 2.0),
    absent=NO_SETS,
)
SET_WIDTH = Metric(
    set_width, higher_is_better=False, label="width of response sets", limits=(0.0, 2.0), absent=NO_SETS
)
