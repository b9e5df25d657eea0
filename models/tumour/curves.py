"""Sizes of a tumour over time in closed form, after Stein and after Claret."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from omics.common.errors import ConfigError, nearest

__all__ = ["CURVES", "TumourCurve", "find_curve"]

LARGEST_EXPONENT = 50.0
"""Exponents above this count as this, so that no size is infinite."""


@dataclass(frozen=True)
class TumourCurve:
    """A curve of size over time with q positive parameters, of which the first is the size at time 0.

    Parameters
    ----------
    name
        As in a command.
    parameters
        Names of the parameters; rates are per week.
    start
        Their values where an estimation starts, without the first.
    growth
        Position of the growth rate, on which factors act.
    exposed
        Position of the parameter on which exposure acts.
    relative
        (..., q) logarithms of parameters and (..., r) times from 0 -> size relative to that at time 0, (..., r).
    nadir
        (..., q) logarithms of parameters -> time of the smallest size, (...); 0 for a tumour that never shrinks.
    source
        DOI.
    """

    name: str
    parameters: tuple[str, ...]
    start: tuple[float, ...]
    growth: int
    exposed: int
    relative: Callable[[Tensor, Tensor], Tensor]
    nadir: Callable[[Tensor], Tensor]
    source: str

    def size(self, logarithms: Tensor, time: Tensor) -> Tensor:
        """Work out sizes.

        Parameters
        ----------
        logarithms
            (..., q) logarithms of the parameters.
        time
            (..., r) weeks since treatment began; before that, the tumour grows at its growth rate.

        Returns
        -------
        Tensor
            (..., r) in the unit of the first parameter.
        """
        before = _exp(logarithms[..., self.growth, None].exp() * time.clamp(max=0.0))
        return logarithms[..., :1].exp() * before * self.relative(logarithms, time.clamp(min=0.0))


def _exp(exponent: Tensor) -> Tensor:
    return exponent.clamp(max=LARGEST_EXPONENT).exp()


def _stein(logarithms: Tensor, time: Tensor) -> Tensor:
    shrinkage, growth = (logarithms[..., k, None].exp() for k in (1, 2))
    return _exp(-shrinkage * time) + torch.expm1((growth * time).clamp(max=LARGEST_EXPONENT))


def _stein_nadir(logarithms: Tensor) -> Tensor:
    shrinkage, growth = logarithms[..., 1], logarithms[..., 2]
    return ((shrinkage - growth) / (shrinkage.exp() + growth.exp())).clamp(min=0.0)


def _claret(logarithms: Tensor, time: Tensor) -> Tensor:
    growth, effect, loss = (logarithms[..., k, None].exp() for k in (1, 2, 3))
    return _exp(growth * time + effect / loss * torch.expm1(-loss * time))


def _claret_nadir(logarithms: Tensor) -> Tensor:
    return ((logarithms[..., 2] - logarithms[..., 1]) / logarithms[..., 3].exp()).clamp(min=0.0)


CURVES = {
    "stein": TumourCurve(
        "stein",
        ("size", "shrinkage", "growth"),
        (0.03, 0.01),
        growth=2,
        exposed=2,
        relative=_stein,
        nadir=_stein_nadir,
        source="10.1158/1078-0432.CCR-10-1762",
    ),
    "claret": TumourCurve(
        "claret",
        ("size", "growth", "effect", "loss"),
        (0.01, 0.04, 0.05),
        growth=1,
        exposed=2,
        relative=_claret,
        nadir=_claret_nadir,
        source="10.1200/JCO.2008.21.0807",
    ),
}
"""Name -> curve. ``stein``: y0 (exp(-d t) + exp(g t) - 1) with the rates of shrinkage d and growth g. ``claret``:
y0 exp(KL t - KD / lambda (1 - exp(-lambda t))) with the growth rate KL, the effect of the drug KD (on which exposure
acts) and the rate lambda at which the effect is lost."""


def find_curve(name: str) -> TumourCurve:
    """Return a curve by name.

    Examples
    --------
    >>> find_curve("stein").parameters
    ('size', 'shrinkage', 'growth')
    """
    if name not in CURVES:
        raise ConfigError(f"unknown curve '{name}'; {nearest(name, CURVES)}")
    return CURVES[name]
