"""A regimen as a small strict yaml file: a dose with its unit, and its interval."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from datamodules.exposure.published.covariate_effect import Strict
from datamodules.exposure.published.kinetic_model import KineticModel, error_sentence
from datamodules.exposure.regimen import Regimen
from omics.common.errors import ConfigError
from omics.common.pages import page_link
from omics.common.yaml import load_yaml

__all__ = ["RegimenFile", "RegimenSource", "read_regimens"]

PAGE = "twins"

Above = Annotated[float, Field(gt=0)]


class RegimenFile(Strict):
    """A dose that is repeated, as a file states it.

    Parameters
    ----------
    name
        Name of the regimen, for tables and figures.
    dose, unit
        Amount of each dose and its unit, which must be that of the model.
    interval, interval_unit
        Time between doses and its unit; by default, and otherwise necessarily, the time unit of the model.
    infusion
        Length of the infusion of each dose, in the same unit; 0 for a bolus or an oral dose.
    per
        Covariate that the dose is multiplied by, such as WT, or None.
    """

    name: Annotated[str, Field(min_length=1)]
    dose: Above
    unit: str
    interval: Above
    interval_unit: Literal["hours", "days"] | None = None
    infusion: Annotated[float, Field(ge=0)] = 0.0
    per: str | None = None

    def regimen(self, model: KineticModel) -> Regimen:
        """Return the regimen in the units of a model.

        Raises
        ------
        ConfigError
            The units are others.
        """
        unit = self.interval_unit or model.time_unit
        for what, given, wanted in (
            ("dose", self.unit, model.dose_unit),
            ("interval", unit, model.time_unit),
        ):
            if given != wanted:
                raise ConfigError(
                    f"regimen '{self.name}' has its {what} in {given}, but {model.name} is in {wanted}; "
                    f"convert the {what}"
                )
        return Regimen(self.dose, self.interval, self.infusion, self.per)


RegimenSource = RegimenFile | Mapping[str, object] | str | Path
"""A regimen: itself, its keys, or the path of its file."""


def read_regimens(sources: Iterable[RegimenSource]) -> list[RegimenFile]:
    """Read regimens.

    Parameters
    ----------
    sources
        At least one.

    Returns
    -------
    list of RegimenFile
        The regimens, each with its own name.

    Raises
    ------
    ConfigError
        A file has an unknown key or a wrong value, two regimens have one name, or there is none.
    """
    regimens = [_regimen(source) for source in sources]
    if not regimens:
        raise ConfigError("there is no regimen; give at least one yaml file")
    names = [one.name for one in regimens]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError(f"two regimens have the name '{twice[0]}'; give each its own")
    return regimens


def _regimen(source: RegimenSource) -> RegimenFile:
    if isinstance(source, RegimenFile):
        return source
    if isinstance(source, Mapping):
        return _checked(dict(source), "the regimen")
    path = Path(source)
    if not path.is_file():
        raise ConfigError(f"{path}: no such file; give the yaml file of a regimen, see {page_link(PAGE)}")
    content = load_yaml(path)
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: not a regimen; write its keys, see {page_link(PAGE)}")
    return _checked(content, str(path))


def _checked(content: object, file: str) -> RegimenFile:
    try:
        return RegimenFile.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"{file}: {error_sentence(error, PAGE)}") from None
