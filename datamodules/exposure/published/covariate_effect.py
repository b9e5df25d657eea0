"""CovariateEffect and Parameter: the typical value of a parameter, and how covariates change it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["CovariateEffect", "Parameter", "Strict"]


class Strict(BaseModel):
    """Part of a model file: it cannot be changed, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class CovariateEffect(Strict):
    """How a covariate x changes the typical value of a parameter, as a factor.

    ======== ======================================================
    power    (x / reference) ** coefficient
    linear   1 + coefficient (x - reference)
    exp      exp(coefficient (x - reference))
    factor   coefficient where x equals `reference`, otherwise 1
    hill     x ** coefficient / (x ** coefficient + reference ** coefficient)
    after    coefficient where the time of the event is above `reference`, otherwise 1; the covariate is TIME
    ======== ======================================================
    """

    covariate: str
    form: Literal["power", "linear", "exp", "factor", "hill", "after"]
    reference: float
    coefficient: float

    def factor(self, value: float) -> float:
        """Compute the factor for one value of the covariate."""
        reference, coefficient = self.reference, self.coefficient
        match self.form:
            case "power":
                return float((value / reference) ** coefficient)
            case "linear":
                return 1.0 + coefficient * (value - reference)
            case "exp":
                return math.exp(coefficient * (value - reference))
            case "hill":
                return float(value**coefficient / (value**coefficient + reference**coefficient))
            case "factor":
                return coefficient if value == reference else 1.0
            case "after":
                return coefficient if value > reference else 1.0


class Parameter(Strict):
    """Typical value, unit and covariate effects of one parameter; the effects are multiplied."""

    typical: Annotated[float, Field(gt=0)]
    unit: str
    effects: tuple[CovariateEffect, ...] = ()

    def value(self, covariates: Mapping[str, float]) -> float:
        """Compute the typical value of patients with these covariates."""
        return math.prod(
            (effect.factor(covariates[effect.covariate]) for effect in self.effects), start=self.typical
        )
