"""KineticModel: a published population model of a drug, read from a strict yaml file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator

from datamodules.exposure.published.computed_covariates import complete_covariates
from datamodules.exposure.published.covariate_effect import CovariateEffect, Parameter, Strict
from datamodules.exposure.published.structure import OPTIONAL, Structure
from omics.common.errors import ConfigError
from omics.common.pages import page_link
from omics.common.yaml import load_yaml, parse_yaml

__all__ = [
    "Block",
    "CovariateEffect",
    "CovariateRange",
    "KineticModel",
    "Parameter",
    "ResidualError",
    "Structure",
    "error_sentence",
    "load_model",
    "parse_model",
    "typical_values",
]

LARGEST_VARIANCE = 5.0
"""A variance of log values above this means a 50-fold spread; such a number is a percentage by mistake."""

SMALLEST_EIGENVALUE = 1e-9
"""Smallest eigenvalue of a covariance, relative to the largest one; below it, the inverse is rounding error."""

ROUNDING = 0.01
"""Relative difference allowed between the typical patient of a file and the model: papers round."""


class Block(Strict):
    """Variances and covariances of the random effects of some parameters; effects are on the log scale."""

    parameters: tuple[str, ...]
    covariance: tuple[tuple[float, ...], ...]

    @model_validator(mode="after")
    def _is_covariance(self) -> Block:
        matrix = np.array(self.covariance, float)
        size = len(self.parameters)
        if matrix.shape != (size, size):
            raise ValueError(f"the covariance of {', '.join(self.parameters)} is not {size} x {size}")
        if max(np.diag(matrix), default=0.0) > LARGEST_VARIANCE:
            raise ValueError(
                f"a variance of {np.diag(matrix).max():g} looks like a percentage; "
                "write the variance of the logarithm, log(1 + (CV / 100) ** 2)"
            )
        if not np.allclose(matrix, matrix.T) or not _is_positive_definite(matrix):
            raise ValueError(f"the covariance of {', '.join(self.parameters)} is not positive definite")
        return self


class ResidualError(Strict):
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


class CovariateRange(Strict):
    """Unit and range of a covariate among the patients of the model's source."""

    unit: str
    low: float
    high: float

    @model_validator(mode="after")
    def _low_is_below_high(self) -> CovariateRange:
        if self.low >= self.high:
            raise ValueError(f"low is {self.low:g}, not below high, {self.high:g}")
        return self


class Source(Strict):
    """Where the values are from; `checked` names the second source that agrees."""

    citation: str
    doi: str
    checked: str


class TypicalPatient(Strict):
    """A patient whose parameters the source states, or whose parameters can be worked out from it by hand."""

    covariates: dict[str, float]
    parameters: dict[str, float]


class KineticModel(Strict):
    """A population model: structure, parameters, variability, residual error, population and source."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    drug: str
    population: str
    source: Source
    time_unit: Literal["hours", "days"]
    dose_unit: Literal["mg", "ug", "g"]
    level_unit: Literal["mg/L", "ug/L", "ng/mL", "ug/mL", "umol/L"]
    molar_mass: Annotated[float, Field(gt=0)] | None = None
    structure: Structure
    parameters: dict[str, Parameter]
    variability: tuple[Block, ...]
    occasion_variability: tuple[Block, ...] = ()
    residual: ResidualError
    covariates: dict[str, CovariateRange] = Field(default_factory=dict)
    typical_patient: TypicalPatient
    notes: str = ""

    @model_validator(mode="after")
    def _parameters_fit_the_structure(self) -> KineticModel:
        needed = self.structure.required
        if self.structure.absorption == "transit" and "transits" not in self.structure.model_fields_set:
            raise ValueError(
                "structure has absorption: transit; give transits, the number of compartments after the depot"
            )
        if missing := [name for name in needed if name not in self.parameters]:
            raise ValueError(f"parameters lacks {', '.join(missing)}")
        known = {*needed, *OPTIONAL, "CL"}
        if unknown := [name for name in self.parameters if name not in known]:
            raise ValueError(f"parameters has {', '.join(unknown)}, which this structure does not use")
        return self

    @model_validator(mode="after")
    def _variability_names_parameters(self) -> KineticModel:
        for field in ("variability", "occasion_variability"):
            names = [name for block in getattr(self, field) for name in block.parameters]
            if unknown := [name for name in names if name not in self.parameters]:
                raise ValueError(f"{field} names {', '.join(unknown)}, which parameters lacks")
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(f"{field} has {', '.join(twice)} twice")
        return self

    @model_validator(mode="after")
    def _units_are_complete(self) -> KineticModel:
        if (self.level_unit == "umol/L") != (self.molar_mass is not None):
            raise ValueError("molar_mass (g/mol) belongs to levels in umol/L, and only to them")
        return self

    @model_validator(mode="after")
    def _covariates_are_those_used(self) -> KineticModel:
        used = {e.covariate for p in self.parameters.values() for e in p.effects} - {"TIME"}
        if used != set(self.covariates):
            raise ValueError(
                f"covariates must be those used in parameters: {', '.join(sorted(used)) or 'none'}"
            )
        return self

    @model_validator(mode="after")
    def _typical_patient_is_reproduced(self) -> KineticModel:
        stated = self.typical_patient.parameters
        if not stated:
            return self
        if unknown := [name for name in stated if name not in self.parameters]:
            raise ValueError(f"typical_patient names {', '.join(unknown)}, which parameters lacks")
        try:
            computed = typical_values(self, self.typical_patient.covariates)
        except ConfigError as error:
            raise ValueError(f"typical_patient does not fit: {error}") from error
        for name, value in stated.items():
            if not math.isclose(computed[name], value, rel_tol=ROUNDING):
                raise ValueError(
                    f"typical_patient has {name} {value:g}, but the model gives {computed[name]:.4g}"
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
        if self.molar_mass is not None:
            return per_litre * 1e3 / self.molar_mass
        return per_litre * {"mg/L": 1.0, "ug/mL": 1.0, "ug/L": 1e3, "ng/mL": 1e3}[self.level_unit]


def _is_positive_definite(matrix: NDArray[np.float64]) -> bool:
    values = np.linalg.eigvalsh(matrix)
    return bool(values.min() > SMALLEST_EIGENVALUE * values.max())


def _joined(blocks: tuple[Block, ...]) -> NDArray[np.float64]:
    size = sum(len(block.parameters) for block in blocks)
    matrix = np.zeros((size, size))
    start = 0
    for block in blocks:
        stop = start + len(block.parameters)
        matrix[start:stop, start:stop] = block.covariance
        start = stop
    return matrix


def typical_values(model: KineticModel, covariates: Mapping[str, float]) -> dict[str, float]:
    """Compute the parameters of a patient without random effects.

    Parameters
    ----------
    model
        Population model.
    covariates
        Name -> value, in the units of ``model.covariates``. Covariates of ``COMPUTED`` may be left out. TIME, the time
        since the first dose, is 0 if it is not given.

    Returns
    -------
    dict[str, float]
        Parameter -> value, in the units of ``model.parameters``. CL is the clearance at TIME.

    Raises
    ------
    ConfigError
        A covariate is missing, or has a value for which a parameter is not positive.
    """
    given = {name: np.asarray(value, float) for name, value in {"TIME": 0.0, **covariates}.items()}
    complete = {name: float(value) for name, value in complete_covariates(model.covariates, given).items()}
    if missing := [name for name in model.covariates if name not in complete]:
        raise ConfigError(f"{model.name} needs {_named(missing)}; give values in {_units(model, missing)}")
    try:
        values = {name: parameter.value(complete) for name, parameter in model.parameters.items()}
    except (ArithmeticError, TypeError):
        values = {}
    if not values or min(values.values()) <= 0:
        shown = ", ".join(f"{name} {complete[name]:g}" for name in model.covariates)
        raise ConfigError(f"{model.name} has no positive parameters for {shown}; correct the covariates")
    if model.structure.clearance_change == "sigmoid":
        values["CL"] *= values["CLLATE"] ** _share(complete["TIME"], values["T50"], values["HILL"])
    return values


def _share(time: float, half: float, hill: float) -> float:
    """Share of a sigmoid change that has happened at a time."""
    return float(time**hill / (time**hill + half**hill))


def _named(names: Iterable[str]) -> str:
    found = list(names)
    return f"the covariate{'s' if len(found) > 1 else ''} {', '.join(found)}"


def _units(model: KineticModel, names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(model.covariates[name].unit for name in names))


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
    return _checked(load_yaml(path), path.name)


def parse_model(text: str, file: str) -> KineticModel:
    """Read a model from the text of its file.

    Parameters
    ----------
    text
        Yaml of the model.
    file
        Named in errors.

    Returns
    -------
    KineticModel
        The model, checked.

    Raises
    ------
    ConfigError
        As from :func:`load_model`.
    """
    return _checked(parse_yaml(text, file), file)


def _checked(content: object, file: str) -> KineticModel:
    try:
        return KineticModel.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"{file}: {error_sentence(error)}") from error


def error_sentence(error: ValidationError, page: str = "exposure") -> str:
    """Describe the first error of a file; a misspelt key is described by its name, not by what it lacks.

    Parameters
    ----------
    error
        What pydantic found.
    page
        Page of the documentation that lists the keys of such a file.

    Returns
    -------
    str
        One sentence, without the name of the file.
    """
    found = sorted(error.errors(), key=lambda one: one["type"] != "extra_forbidden")[0]
    where = ".".join(str(part) for part in found["loc"])
    match found["type"]:
        case "extra_forbidden":
            return f"'{where}' is not a known key; {page_link(page)} lists the keys"
        case "missing":
            return f"'{where}' is missing; {page_link(page)} lists the keys"
    message = found["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message
