"""Target: a measure of exposure and the range in which it should be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from omics.common.errors import ConfigError

__all__ = ["ExposureTarget", "cohort_target", "parse_target"]

FORM = re.compile(r"(?P<measure>\w+(?:\.\d+\w*)?):(?P<low>[\d.eE+]+)-(?P<high>[\d.eE+]+)")


@dataclass(frozen=True)
class ExposureTarget:
    """A measure of exposure, such as ``auc24_ss``, and its lowest and highest wanted value."""

    measure: str
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.measure} {self.low:g} to {self.high:g}"


def parse_target(text: str) -> ExposureTarget:
    """Read a target.

    Parameters
    ----------
    text
        ``MEASURE:LOW-HIGH``. A measure without ``_ss`` or ``_first`` is that of the steady state.

    Returns
    -------
    ExposureTarget
        The target.

    Raises
    ------
    ConfigError
        The measure is unknown, or the low value is not below the high one.

    Examples
    --------
    >>> parse_target("auc24:400-600")
    ExposureTarget(measure='auc24_ss', low=400.0, high=600.0)
    """
    match = FORM.fullmatch(text.strip())
    if not match:
        raise ConfigError(f"the target is '{text}'; write MEASURE:LOW-HIGH, such as auc24:400-600")
    low, high = _number(match["low"], text), _number(match["high"], text)
    if not low < high:
        raise ConfigError(
            f"the target is '{text}', and {low:g} is not below {high:g}; write the low value first"
        )
    return ExposureTarget(_measure(match["measure"]), low, high)


def cohort_target(targets: Mapping[str, tuple[float, float]], file: str) -> ExposureTarget:
    """Return the target of a cohort.

    Parameters
    ----------
    targets
        Measure -> lowest and highest wanted value, from the block ``exposure``.
    file
        The cohort, named in errors.

    Returns
    -------
    ExposureTarget
        The only one.

    Raises
    ------
    ConfigError
        There is none, or there are several.
    """
    if not targets:
        raise ConfigError(
            f"{file}: the block 'exposure' has no 'target'; add one, or give a target such as auc24:400-600"
        )
    if len(targets) > 1:
        named = " or ".join(f"{name}:{low:g}-{high:g}" for name, (low, high) in targets.items())
        raise ConfigError(f"{file}: the block 'exposure' has several targets; choose one of them, {named}")
    [(measure, (low, high))] = targets.items()
    return ExposureTarget(measure, low, high)


def _number(text: str, target: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigError(f"the target is '{target}', and {text} is no number") from None


def _measure(name: str) -> str:
    from datamodules.exposure.metrics import check_metrics

    for candidate in (name, f"{name}_ss"):
        try:
            check_metrics((candidate,))
        except ConfigError as error:
            unknown = error
        else:
            return candidate
    known = str(unknown).partition("; ")[2]
    raise ConfigError(f"the target has the measure '{name}', which is not known; {known}")
