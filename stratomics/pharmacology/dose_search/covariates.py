"""Covariates that a model needs: completed, checked, and noted where they are outside the range of its source."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from omics.common.errors import ConfigError, nearest

if TYPE_CHECKING:
    from datamodules.exposure.published.kinetic_model import KineticModel

__all__ = ["check_names", "complete_table", "needed_inputs", "range_notes"]


def needed_inputs(model: KineticModel) -> list[str]:
    """List the covariates of a model, and those that a missing one can be computed from."""
    from datamodules.exposure.published.computed_covariates import COMPUTED

    names = list(model.covariates)
    for name in names:
        names += [one for one in (COMPUTED[name].inputs if name in COMPUTED else ()) if one not in names]
    return names


def check_names(model: KineticModel, names: Collection[str], per: str | None) -> None:
    """Check that covariates that were given are used.

    Parameters
    ----------
    model
        The model.
    names
        Names of the covariates that were given.
    per
        Covariate that doses are multiplied by, or None.

    Raises
    ------
    ConfigError
        A name is neither one of the model nor `per`.
    """
    known = [*needed_inputs(model), *([per] if per else [])]
    for name in names:
        if name not in known:
            advice = nearest(name, known) if known else "leave it out"
            raise ConfigError(f"{model.name} has no covariate '{name}'; {advice}")


def complete_table(model: KineticModel, table: pd.DataFrame) -> pd.DataFrame:
    """Add the covariates that can be computed from those that are there.

    Parameters
    ----------
    model
        The model.
    table
        Columns with covariates, in the units of the model; other columns stay.

    Returns
    -------
    DataFrame
        The table with all covariates of the model.

    Raises
    ------
    ConfigError
        A covariate is missing and cannot be computed, or has a value that no patient has.
    """
    from datamodules.exposure.published.computed_covariates import complete_covariates
    from datamodules.exposure.published.kinetic_model import typical_values

    inputs = [name for name in needed_inputs(model) if name in table]
    values = {name: pd.to_numeric(table[name], errors="coerce").to_numpy(np.float64) for name in inputs}
    complete = complete_covariates(model.covariates, values)
    for name, covariate in model.covariates.items():
        if name not in complete:
            raise ConfigError(
                f"{model.name} needs the covariate {name} ({covariate.unit}; its source has {covariate.low:g} to "
                f"{covariate.high:g}); add it to the covariates"
            )
        if not np.isfinite(complete[name]).all():
            raise ConfigError(f"the covariate {name} has a value that is no number; give every patient one")
    completed = table.assign(**{name: complete[name] for name in model.covariates})
    for row in completed[list(model.covariates)].drop_duplicates().to_dict("records"):
        typical_values(model, {str(name): float(value) for name, value in row.items()})
    return completed


def range_notes(model: KineticModel, table: pd.DataFrame) -> list[str]:
    """Note covariates outside the range of the model's source.

    Parameters
    ----------
    model
        The model.
    table
        One row per patient, with all covariates of the model; the index has the ids.

    Returns
    -------
    list of str
        One sentence per covariate.
    """
    notes = []
    for name, covariate in model.covariates.items():
        outside = table[(table[name] < covariate.low) | (table[name] > covariate.high)]
        if len(outside):
            who = f"patient {outside.index[0]}" if len(table) > 1 else "the patient"
            more = f" and {len(outside) - 1} others" if len(outside) > 1 else ""
            notes.append(
                f"{name} is {outside[name].iloc[0]:g} in {who}{more}, outside the patients of {model.name} "
                f"({covariate.low:g} to {covariate.high:g} {covariate.unit}): probabilities may be wrong"
            )
    return notes
