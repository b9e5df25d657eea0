"""The table of patients that a run saves: endpoints, roles, covariates and measured views."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.cohort.endpoints import Response, Survival
from omics.cohort.read import cohort_endpoints, cohort_spec, observed_views

if TYPE_CHECKING:
    from mudata import MuData

COVARIATE = "covariate."

__all__ = ["covariates_of", "endpoint_columns", "patients_table", "read_endpoint"]


def patients_table(cohort: MuData) -> pd.DataFrame:
    """Build a table with one row per patient: endpoints, arm, site, covariates, and which views are observed.

    Columns are ``sample_id``, ``NAME.time`` and ``NAME.event`` (or ``NAME``) per endpoint, ``NAME.cause``,
    ``NAME.entry`` and ``NAME.level`` where they are declared, ``arm``, ``site``, ``group``,
    ``covariate.NAME`` and ``view.NAME``.
    """
    spec, obs = cohort_spec(cohort), cohort.obs
    columns: dict[str, NDArray[Any] | pd.Series[Any]] = {"sample_id": obs.index.to_numpy(dtype=str)}
    for name, endpoint in cohort_endpoints(cohort).named.items():
        columns |= endpoint_columns(name, endpoint)
    roles: Mapping[str, str | None] = {
        "arm": None if spec.arm is None else spec.arm.column,
        "site": spec.site,
        "group": spec.group,
        **{f"{COVARIATE}{name}": name for name in spec.covariates},
    }
    columns |= {role: obs[name].to_numpy() for role, name in roles.items() if name is not None}
    columns |= {f"view.{name}": observed.to_numpy() for name, observed in observed_views(cohort).items()}
    return pd.DataFrame(columns)


def covariates_of(patients: pd.DataFrame) -> pd.DataFrame:
    """Select the covariates of a table of patients.

    Parameters
    ----------
    patients
        As from :func:`patients_table`.

    Returns
    -------
    DataFrame
        Columns ``covariate.NAME`` under the names of the covariates.
    """
    columns = [column for column in patients if str(column).startswith(COVARIATE)]
    return patients[columns].rename(columns=lambda column: str(column).removeprefix(COVARIATE))


def endpoint_columns(name: str, endpoint: Survival | Response) -> dict[str, NDArray[Any] | pd.Series[Any]]:
    """Columns of one endpoint.

    Parameters
    ----------
    name
        Name of the endpoint.
    endpoint
        Its values.

    Returns
    -------
    dict
        Name of the column -> values, as :func:`patients_table` has them.
    """
    if isinstance(endpoint, Survival):
        optional = {"cause": endpoint.cause, "entry": endpoint.entry}
        return {
            f"{name}.time": endpoint.time,
            f"{name}.event": _nullable(endpoint.event, endpoint.observed),
            **{f"{name}.{key}": values for key, values in optional.items() if values is not None},
        }
    columns: dict[str, NDArray[Any] | pd.Series[Any]] = {
        name: _nullable(endpoint.positive, endpoint.observed)
    }
    if endpoint.level is not None:
        level = np.array(endpoint.levels, dtype=object)[endpoint.level]
        columns[f"{name}.level"] = pd.Series(level).where(pd.Series(endpoint.observed))
    return columns


def read_endpoint(patients: pd.DataFrame, name: str, unit: str) -> Survival | Response:
    """Read an endpoint from the columns of :func:`endpoint_columns`.

    Parameters
    ----------
    patients
        The table of a run.
    name
        Name of the endpoint.
    unit
        Unit of its time; unused for a response.

    Returns
    -------
    Survival or Response
        Without the causes of events and the levels of a response.
    """
    if f"{name}.time" not in patients:
        label = patients[name].astype("boolean")
        return Response(_truth(label), label.notna().to_numpy(dtype=bool))
    time = patients[f"{name}.time"].to_numpy(dtype=np.float64)
    entry = patients.get(f"{name}.entry")
    event = _truth(patients[f"{name}.event"].astype("boolean"))
    return Survival(
        time, event, ~np.isnan(time), unit, entry=None if entry is None else entry.to_numpy(dtype=np.float64)
    )


def _truth(column: pd.Series[bool]) -> NDArray[np.bool_]:
    return column.fillna(value=False).to_numpy(dtype=bool)


def _nullable(values: NDArray[np.bool_], observed: NDArray[np.bool_]) -> pd.Series[bool]:
    """Column of booleans with missing values where the endpoint is not observed."""
    return pd.Series(values, dtype="boolean").where(pd.Series(observed))
