"""KineticModel: a published population model of a drug, read from a strict yaml file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from omics.common.errors import ConfigError
from omics.common.yaml import load_yaml

__all__ = ["CovariateEffect", "CovariateRange", "KineticModel", "Parameter", "Structure", "load_model"]

LARGEST_VARIANCE = 5.0
"""A variance of log values above this means a 50-fold spread; such a number is a percentage by mistake."""

REQUIRED = {1: ("CL", "V"), 2: ("CL", "V1", "Q", "V2"), 3: ("CL", "V1", "Q", "V2", "Q3", "V3")}
"""Parameters of a linear disposition, by the number of compartments."""

OPTIONAL = ("F", "LAG", "RATE", "DURATION", "KA", "KTR", "VMAX", "KM")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CovariateEffect(_Strict):
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


class Parameter(_Strict):
    """Typical value, unit and covariate effects of one parameter; the effects are multiplied."""

    typical: float
    unit: str
    effects: tuple[CovariateEffect, ...] = ()


class Structure(_Strict):
    """Compartments and routes.

    ``absorption`` none: doses go into the central compartment (1); first_order: compartment 1 is the depot, 2 is
    central; transit: as first_order, through `transits` further compartments of rate KTR (the last step into the
    central compartment has rate KTR as well). ``elimination`` linear: CL; michaelis_menten: VMAX (amount per time) and
    KM (concentration), beside CL where the model has it.
    """

    compartments: Literal[1, 2, 3]
    absorption: Literal["none", "first_order", "transit"] = "none"
    transits: int = 0
    elimination: Literal["linear", "michaelis_menten"] = "linear"


class Block(_Strict):
    """Variances and covariances of the random effects of some parameters; effects are on the log scale."""

    parameters: tuple[str, ...]
    covariance: tuple[tuple[float, ...], ...]

    @model_validator(mode="after")
    def _is_covariance(self) -> Block:
        matrix = np.array(self.covariance, float)
        size = len(self.parameters)
        if matrix.shape != (size, size):
            raise ValueError(f"the covariance of {', '.join(self.parameters)} is not {size} x {size}")
        if np.diag(matrix).max() > LARGEST_VARIANCE:
            raise ValueError(
                f"a variance of {np.diag(matrix).max():g} looks like a percentage; "
                "write the variance of the logarithm, log(1 + (CV / 100) ** 2)"
            )
        if not np.allclose(matrix, matrix.T) or np.linalg.eigvalsh(matrix).min() < 0:
            raise ValueError(f"the covariance of {', '.join(self.parameters)} is not positive definite")
        return self


class ResidualError(_Strict):
    """Residual error with standard deviations, for a prediction f.

    ================= ==============================================
    additive          additive
    proportional      proportional * f
    combined_variance sqrt(additive ** 2 + (proportional * f) ** 2)
    combined_sd       additive + proportional * f
    lognormal         proportional, of log(level)
    ================= ==============================================
    """

    form: Literal["additive", "proportional", "combined_variance", "combined_sd", "lognormal"]
    additive: float = Field(0.0, ge=0)
    proportional: float = Field(0.0, ge=0)


class CovariateRange(_Strict):
    """Unit and range of a covariate among the patients of the model's source."""

    unit: str
    low: float
    high: float


class Source(_Strict):
    """Where the values are from; `checked` names the second source that agrees."""

    citation: str
    doi: str
    checked: str


class TypicalPatient(_Strict):
    """A patient whose parameters can be worked out from the source by hand."""

    covariates: dict[str, float]
    parameters: dict[str, float]


class KineticModel(_Strict):
    """A population model: structure, parameters, variability, residual error, population and source."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    drug: str
    population: str
    source: Source
    time_unit: Literal["hours", "days"]
    dose_unit: Literal["mg", "ug", "g"]
    level_unit: Literal["mg/L", "ug/L", "ng/mL", "ug/mL"]
    structure: Structure
    parameters: dict[str, Parameter]
    variability: tuple[Block, ...]
    occasion_variability: tuple[Block, ...] = ()
    residual: ResidualError
    covariates: dict[str, CovariateRange] = Field(default_factory=dict)
    typical_patient: TypicalPatient
    notes: str = ""

    @model_validator(mode="after")
    def _complete(self) -> KineticModel:
        needed = list(REQUIRED[self.structure.compartments])
        if self.structure.elimination == "michaelis_menten":
            needed = [name for name in needed if name != "CL"] + ["VMAX", "KM"]
        needed += {"none": [], "first_order": ["KA"], "transit": ["KTR"]}[self.structure.absorption]
        if missing := [name for name in needed if name not in self.parameters]:
            raise ValueError(f"parameters lacks {', '.join(missing)}")
        known = {*needed, *OPTIONAL, "CL"}
        if unknown := [name for name in self.parameters if name not in known]:
            raise ValueError(f"parameters has {', '.join(unknown)}, which this structure does not use")
        random = [
            name for block in (*self.variability, *self.occasion_variability) for name in block.parameters
        ]
        if unknown := [name for name in random if name not in self.parameters]:
            raise ValueError(f"variability names {', '.join(unknown)}, which parameters lacks")
        used = {e.covariate for p in self.parameters.values() for e in p.effects} - {"TIME"}
        if used != set(self.covariates):
            raise ValueError(
                f"covariates must be those used in parameters: {', '.join(sorted(used)) or 'none'}"
            )
        return self

    @property
    def random_parameters(self) -> tuple[str, ...]:
        """Parameters with variability between patients, in the order of eta."""
        return tuple(name for block in self.variability for name in block.parameters)

    @property
    def occasion_parameters(self) -> tuple[str, ...]:
        """Parameters with variability between occasions of a patient."""
        return tuple(name for block in self.occasion_variability for name in block.parameters)

    @property
    def omega(self) -> NDArray[np.float64]:
        """Covariance of eta, (q, q)."""
        return _joined(self.variability)

    @property
    def occasion_omega(self) -> NDArray[np.float64]:
        """Covariance of the effects of one occasion, (k, k)."""
        return _joined(self.occasion_variability)

    @property
    def level_factor(self) -> float:
        """What amount / volume (dose unit per litre) is multiplied by to be in the unit of the levels."""
        per_litre = {"mg": 1.0, "ug": 1e-3, "g": 1e3}[self.dose_unit]
        return per_litre * {"mg/L": 1.0, "ug/mL": 1.0, "ug/L": 1e3, "ng/mL": 1e3}[self.level_unit]


def _joined(blocks: tuple[Block, ...]) -> NDArray[np.float64]:
    size = sum(len(block.parameters) for block in blocks)
    matrix = np.zeros((size, size))
    start = 0
    for block in blocks:
        stop = start + len(block.parameters)
        matrix[start:stop, start:stop] = block.covariance
        start = stop
    return matrix


def load_model(path: Path) -> KineticModel:
    """Read a model from a yaml file.

    Parameters
    ----------
    path
        File of the model.

    Returns
    -------
    KineticModel
        The model, checked.

    Raises
    ------
    ConfigError
        The file contradicts itself, lacks a key or has one that is not known.
    """
    try:
        return KineticModel.model_validate(load_yaml(path))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            f"{path.name}: {where + ': ' if where else ''}{first['msg'].removeprefix('Value error, ')}"
        ) from error
