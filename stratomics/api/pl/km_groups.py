"""Patients of a Kaplan-Meier plot: their endpoint and groups, from a cohort, a run or a data frame."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.cohort.endpoint_columns import HALF_A_DAY, read_endpoints
from omics.cohort.endpoints import Survival
from omics.cohort.read import cohort_endpoints, cohort_spec
from omics.cohort.spec import CohortSpec, EndpointSpec
from omics.common.errors import DataError, InputError, nearest
from stratomics.api.pl.colours import features_named
from stratomics.api.run import Run
from stratomics.api.tools.stored_factors import checked_cohort
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.comparison import OURS
from stratomics.report.sections.survival import GROUPS, thirds

if TYPE_CHECKING:
    from mudata import MuData

__all__ = [
    "RISK",
    "KmGroups",
    "PatientTable",
    "cohort_patients",
    "frame_patients",
    "grouped",
    "refuse_groups",
    "run_patients",
]

RISK, ARM = "risk", "arm"

MOST_GROUPS = 10
"""Maximum number of curves that can be distinguished."""


@dataclass(frozen=True)
class PatientTable:
    """Patients before they are grouped.

    Attributes
    ----------
    survival
        Their endpoint.
    columns
        What they can be grouped by.
    first
        Values that come first in the order of groups, such as the control arm.
    unit
        Unit of time; None if it is unknown.
    """

    survival: Survival
    columns: pd.DataFrame
    first: Sequence[Any] = ()
    unit: str | None = None

    def in_unit(self, unit: str | None) -> PatientTable:
        """Convert times to another unit.

        Raises
        ------
        InputError
            If the unit is unknown.
        """
        if unit is None or unit == self.unit or self.unit is None:
            return self
        if unit not in HALF_A_DAY:
            raise InputError(f"unknown unit '{unit}'; {nearest(unit, HALF_A_DAY)}")
        factor = HALF_A_DAY[unit] / HALF_A_DAY[self.unit]
        entry = None if self.survival.entry is None else self.survival.entry * factor
        converted = replace(self.survival, time=self.survival.time * factor, entry=entry, unit=unit)
        return replace(self, survival=converted, unit=unit)


@dataclass(frozen=True)
class KmGroups:
    """Groups of patients who have the endpoint.

    Attributes
    ----------
    names
        Name of each group; one empty name without groups.
    group
        (n,) number of the group of each patient.
    survival
        Endpoint of these patients.
    left_out
        Sentences on patients who are left out.
    """

    names: tuple[str, ...]
    group: NDArray[np.int64]
    survival: Survival
    left_out: list[str]


def cohort_patients(cohort: MuData, endpoint: str | None) -> PatientTable:
    """Patients of a cohort.

    Parameters
    ----------
    cohort
        The cohort.
    endpoint
        A survival endpoint; by default the primary one, or the only one.

    Returns
    -------
    PatientTable
        With the columns of ``obs``; ``arm`` is the treatment arm if no column has this name.

    Raises
    ------
    InputError
        If there is no such endpoint.
    """
    checked_cohort(cohort)
    spec, named = cohort_spec(cohort), cohort_endpoints(cohort).named
    survival = {name: one for name, one in named.items() if isinstance(one, Survival)}
    if not survival:
        raise InputError("this cohort has no survival endpoint; name time and event when it is made")
    primary = spec.primary_endpoint if spec.primary_endpoint in survival or len(survival) > 1 else None
    name = endpoint or primary or next(iter(survival))
    if endpoint is None and name not in survival:
        raise InputError(
            f"the primary endpoint '{name}' is a response; choose a survival endpoint with endpoint=, one of "
            f"{', '.join(survival)}"
        )
    if name not in survival:
        raise InputError(f"no survival endpoint '{name}'; {nearest(name, survival)}")
    columns = cohort.obs
    if spec.arm is not None and ARM not in columns:
        columns = columns.assign(**{ARM: columns[spec.arm.column]})
    first = () if spec.arm is None else (spec.arm.control,)
    return PatientTable(survival[name], columns, first, survival[name].unit)


def refuse_groups(cohort: MuData, by: str | None) -> None:
    """Explain why a cohort has no groups by risk or by a feature.

    Parameters
    ----------
    cohort
        The cohort.
    by
        What patients are to be grouped by.

    Raises
    ------
    InputError
        If `by` is no column, but ``risk`` or a feature of a view.
    """
    if not isinstance(by, str) or by in cohort.obs:
        return
    if by == RISK:
        raise InputError(
            "a cohort has no risk, which a model predicts; draw it from a run: st.pl.km(run, 'risk')"
        )
    if features_named(cohort, by):
        raise InputError(
            f"'{by}' is a feature, which has no groups; write groups into a column of cohort.obs first, such as by "
            "pandas.qcut"
        )


def run_patients(run: Run) -> PatientTable:
    """Patients of a run: roles and covariates by their names, and ``risk``, thirds of the out-of-fold risk.

    Raises
    ------
    InputError
        If the primary endpoint of the run is a response.
    """
    directory = run.directory
    if directory.kind != Survival.kind:
        raise InputError(
            f"the primary endpoint of this run, '{directory.endpoint}', is a response and has no curve"
        )
    columns = directory.patients.rename(columns=lambda name: name.removeprefix("covariate."))
    groups = pd.Series(pd.Categorical([None] * len(columns), GROUPS, ordered=True), columns.index)
    cases = directory.cases[OURS]
    assert isinstance(cases, SurvivalCases), "a survival endpoint has survival cases"
    # A patient predicted in several repeats is one patient: repeats are averaged first.
    risk = cases.risk.mean(axis=0)
    groups[directory.outcome.observed] = np.array(GROUPS, dtype=object)[thirds(risk)]
    survival, entry = directory.survival, f"{directory.endpoint}.entry"
    if entry in columns:
        survival = replace(survival, entry=columns[entry].to_numpy(dtype=np.float64))
    return PatientTable(survival, columns.assign(**{RISK: groups}), unit=survival.unit)


def frame_patients(
    table: pd.DataFrame, time: str | None, event: str | None, entry: str | None, unit: str | None
) -> PatientTable:
    """Patients of a data frame.

    Parameters
    ----------
    table
        One row per patient.
    time, event, entry
        Columns of the time, of the event (1 or True if it occurred), and of the time of entry, if there is one.
    unit
        Unit of the times; None if it is unknown.

    Returns
    -------
    PatientTable
        With all columns.

    Raises
    ------
    InputError
        If a column is not named or does not exist, or a value is wrong.
    """
    if time is None or event is None:
        raise InputError("a data frame needs the columns of the time and of the event; give time= and event=")
    # Without a unit, the smallest unit is taken for times of 0.
    spec = EndpointSpec("survival", time=time, event=event, entry=entry, unit=unit or "years")
    endpoints = read_endpoints(table, CohortSpec("", {}, {"survival": spec}), "the data frame")
    survival = endpoints.named["survival"]
    assert isinstance(survival, Survival)
    return PatientTable(survival, table, unit=unit)


def grouped(patients: PatientTable, by: str | None) -> KmGroups:
    """Group the patients who have the endpoint.

    Parameters
    ----------
    patients
        The patients.
    by
        A column; one group without it.

    Returns
    -------
    KmGroups
        Groups in the order of a categorical column, otherwise sorted; patients without a value are left out.

    Raises
    ------
    InputError
        If there is no such column, or it has too many values.
    DataError
        If no patient has the endpoint and a value.
    """
    survival = patients.survival
    left_out = _sentences(survival.observed, "the endpoint")
    if by is None:
        values = pd.Series("", range(len(survival.observed)))
    elif not isinstance(by, Hashable):
        raise InputError(f"by is of type {type(by).__name__}; give the name of one column")
    elif by not in patients.columns:
        raise InputError(f"no column '{by}'; {nearest(str(by), map(str, patients.columns.columns))}")
    else:
        values = patients.columns[by].reset_index(drop=True)
        left_out += _sentences(values[survival.observed].notna().to_numpy(dtype=bool), f"'{by}'")
    rows = np.flatnonzero(survival.observed & values.notna().to_numpy(dtype=bool))
    if not len(rows):
        raise DataError(
            "no patient has " + " and ".join(["the endpoint", *([f"a value of '{by}'"] if by else [])])
        )
    kept = values.iloc[rows]
    order = _ordered(kept, patients.first)
    if len(order) > MOST_GROUPS:
        raise InputError(
            f"'{by}' has {len(order)} different values, and at most {MOST_GROUPS} curves can be distinguished; group "
            "them first, such as by pandas.qcut"
        )
    group = kept.map({value: number for number, value in enumerate(order)}).to_numpy(dtype=np.int64)
    return KmGroups(tuple(map(_name, order)), group, survival.take(rows), left_out)


def _ordered(values: pd.Series[Any], first: Sequence[Any]) -> list[Any]:
    """List the groups that occur: the first ones, then by category or sorted."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return [value for value in values.cat.categories if (values == value).any()]
    return sorted(values.unique(), key=lambda v: (v not in first, isinstance(v, str), v))


def _sentences(known: NDArray[np.bool_], what: str) -> list[str]:
    count = int((~known).sum())
    return [f"{count} patient{'s' * (count > 1)} without {what} left out"] if count else []


def _name(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
