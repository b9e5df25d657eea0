"""Covariates that are computed from other covariates, such as the standard creatinine for an age."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["COMPUTED", "ComputedCovariate", "complete_covariates"]

Array = NDArray[np.float64]

WEEKS_OF_PREGNANCY = 40.0
DAYS_OF_A_YEAR = 365.25


@dataclass(frozen=True)
class ComputedCovariate:
    """What a covariate is computed from, and how; ``meaning`` has its unit."""

    inputs: tuple[str, ...]
    compute: Callable[..., Array]
    meaning: str


def _postmenstrual_age(age: Array) -> Array:
    return age + WEEKS_OF_PREGNANCY * 7.0 / DAYS_OF_A_YEAR


def _standard_creatinine(age: Array) -> Array:
    """Typical serum creatinine of a postmenstrual age; Colin et al. 2019, doi 10.1007/s40262-018-0727-5."""
    return np.exp(-1.22839 + 0.67190 * np.log10(age) + 6.27017 * np.exp(-3.10940 * age))


COMPUTED = {
    "PMA": ComputedCovariate(
        ("AGE",), _postmenstrual_age, "postmenstrual age in years: AGE in years and 40 weeks"
    ),
    "SCR_STANDARD": ComputedCovariate(
        ("PMA",), _standard_creatinine, "standard serum creatinine for the postmenstrual age, mg/dL"
    ),
}
"""Name of a covariate -> what it is computed from; a value in the data takes precedence."""


def complete_covariates(names: Iterable[str], values: Mapping[str, Array]) -> dict[str, Array]:
    """Add the covariates that are missing and can be computed.

    Parameters
    ----------
    names
        Covariates that are needed.
    values
        Covariates that are there, in the units of the model; all of one shape.

    Returns
    -------
    dict[str, NDArray]
        The values, with the computed ones. A covariate that cannot be computed is left out.
    """
    completed = dict(values)
    for name in names:
        _complete(name, completed)
    return completed


def _complete(name: str, values: dict[str, Array]) -> None:
    if name in values or name not in COMPUTED:
        return
    computed = COMPUTED[name]
    for needed in computed.inputs:
        _complete(needed, values)
    if all(needed in values for needed in computed.inputs):
        values[name] = computed.compute(*(values[needed] for needed in computed.inputs))
