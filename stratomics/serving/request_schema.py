"""What a served model asks of patients, and what it answers: one table each, with a row a patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from datamodules.harmonizer import Harmonizer
from models.prediction import Prediction
from omics.cohort.assemble import join_cohort
from omics.cohort.samples import label
from omics.cohort.spec import ArmSpec, CohortSpec
from omics.cohort.views import check_scale
from omics.common.errors import CohortError
from omics.common.files import read_json
from omics.readers.matrix import numbers

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["ID", "RequestSchema", "response_table"]

ID = "sample_id"

TABLE = "the table of patients"
"""Named in errors, where a cohort has its files."""

QUARTERS = np.array([0.25, 0.5, 0.75, 1.0])
"""Of the time up to which patients were followed well: where the answer gives S(t), unless asked otherwise."""


@dataclass(frozen=True)
class RequestSchema:
    """What a model knows how to read.

    Columns are called as in ``patients.parquet``: ``sample_id``, ``arm``, ``site``, ``covariate.NAME``, ``view.NAME``.
    A cell of a view holds ``{feature: value}`` on the scale that the cohort of training declared, so that exactly
    the transformation of training follows. Features, views and columns may be missing, empty or more.

    Attributes
    ----------
    harmonizer
        Of the first member; all were trained on the same views and covariates.
    arm
        As the cohort of training declared it; None where the model knows no arms.
    horizon
        Time up to which patients were followed well; None of a model without survival.
    """

    harmonizer: Harmonizer
    arm: ArmSpec | None
    horizon: float | None

    @classmethod
    def of(cls, model: Path, arm: Mapping[str, Any] | None) -> Self:
        """Read what the model in the folder `model` asks for; `arm` is how the cohort of training declared it."""
        network = read_json(model / "network.json")
        # Release 0.1.0 knew one endpoint, survival, and no arms.
        knows_arms = network.get("layout", {}).get("arms", False)
        endpoints = network.get("endpoints", [{"kind": "survival", "horizon": np.inf}])
        horizons = [float(own["horizon"]) for own in endpoints if own["kind"] == "survival"]
        declared = None
        if arm is not None and knows_arms:
            declared = ArmSpec(arm["column"], arm["control"], arm.get("treated"))
        return cls(Harmonizer.load(model, "member0.harmonizer"), declared, next(iter(horizons), None))

    @cached_property
    def _roles(self) -> dict[str, str]:
        """Column of the table -> column of the samples that it becomes, but covariates."""
        own = {
            "arm": None if self.arm is None else self.arm.column,
            "site": self.harmonizer.site,
        }
        # One that is a covariate too is asked for once, as that.
        kinds = self.harmonizer.covariates.kinds
        return {role: name for role, name in own.items() if name is not None and name not in kinds}

    @property
    def columns(self) -> list[str]:
        """Every column that is read; all but the first may be missing."""
        covariates = [f"covariate.{name}" for name in self.harmonizer.covariates.kinds]
        return [ID, *self._roles, *covariates, *(f"view.{name}" for name in self.harmonizer.views)]

    @property
    def times(self) -> list[float]:
        """Times of S(t) in the answer, unless others are asked for; none without survival or without an end of it."""
        if self.horizon is None or not np.isfinite(self.horizon):
            return []
        return [float(f"{time:.3g}") for time in self.horizon * QUARTERS]

    def example(self) -> pd.DataFrame:
        """One patient, who never was: every number is 1, which lies on nearly every scale, and one view is absent.

        Where there are several views the last is the absent one; of each other a single feature is known.
        """
        kinds, views = self.harmonizer.covariates.kinds, list(self.harmonizer.views)
        cells: dict[str, Any] = dict.fromkeys(self._roles, "unknown")
        if self.arm is not None and "arm" in cells:
            cells["arm"] = self.arm.control
        cells |= {f"covariate.{name}": "unknown" if kind is str else 1.0 for name, kind in kinds.items()}
        for number, name in enumerate(views):
            absent = number and number == len(views) - 1
            view = self.harmonizer.views[name]
            value = 0.0 if view.spec.scale == "log_relative" else 1.0
            cells[f"view.{name}"] = None if absent else {str(view.measured[0]): value}
        return pd.DataFrame([{ID: "patient", **cells}])

    def patients(self, table: pd.DataFrame) -> MuData:
        """Make patients to predict of a table, as :func:`omics.cohort.new_patients.read_new_patients` does of files.

        Raises
        ------
        CohortError
            No patient, an id that is missing or comes twice, a view that is no mapping of features to numbers, or
            values that cannot be on the declared scale.
        """
        table = table.set_axis(_ids(table))
        kinds = self.harmonizer.covariates.kinds
        samples = pd.DataFrame(index=table.index)
        for role, name in self._roles.items():
            if role in table:
                samples[name] = label(table[role]) if role == "site" else table[role]
        for name, kind in kinds.items():
            if (column := f"covariate.{name}") in table:
                own = table[column]
                samples[name] = label(own) if kind is str else numbers(own.to_frame(), TABLE).iloc[:, 0]
        views = {}
        for name, view in self.harmonizer.views.items():
            frame = _measured(table, f"view.{name}")
            if frame is not None:
                views[name] = numbers(frame, f"{TABLE}, view '{name}'")
                check_scale(name, view.spec, views[name], TABLE)
        spec = CohortSpec(
            name="served",
            # All of them, so that a patient may have none.
            views={n: replace(v.spec, file=None, format=None) for n, v in self.harmonizer.views.items()},
            endpoints={},
            arm=self.arm,
            covariates=tuple(name for name in kinds if name in samples),
            site=self.harmonizer.site if self.harmonizer.site in samples else None,
        )
        return join_cohort(samples, views, spec, digest="")


def response_table(prediction: Prediction, times: Sequence[float]) -> pd.DataFrame:
    """Give the row of each patient, without repeat and fold, and beside it ``survival_TIME`` at some times.

    S(t) is that under the arm that the patient received.
    """
    table = prediction.patients.drop(columns=["repeat", "fold"])
    if not len(times) or "survival" not in prediction.long:
        return table
    (curves,) = prediction.curves()
    wanted = [f"survival_{time:g}" for time in times]
    at = pd.DataFrame(curves.survival(np.asarray(times, dtype=np.float64)), curves.sample_ids, wanted)
    return table.assign(**at.loc[table[ID].to_numpy(dtype=str)].reset_index(drop=True))


def _ids(table: pd.DataFrame) -> pd.Index:
    if ID not in table or not len(table):
        raise CohortError(f"no patient; give a row for each, with its {ID}", "no_patient", file=TABLE)
    ids = table[ID]
    if ids.isna().any():
        raise CohortError("a patient has no id; give every row one", "missing_id", file=TABLE, column=ID)
    names = pd.Index(ids.astype(str), name=None)
    if names.has_duplicates:
        twice = str(names[names.duplicated()][0])
        raise CohortError(
            "the id comes twice; give every patient one row", "repeated_id", file=TABLE, patient=twice
        )
    return names


def _measured(table: pd.DataFrame, column: str) -> pd.DataFrame | None:
    """Patients who have the view x its features; None where nobody has it."""
    if column not in table:
        return None
    rows: dict[str, Mapping[str, Any]] = {}
    for patient, cell in table[column].items():
        if isinstance(cell, Mapping):
            rows[str(patient)] = cell
        elif not (cell is None or (isinstance(cell, float) and np.isnan(cell))):
            raise CohortError(
                "a view is a mapping of its features to numbers, or nothing",
                "not_a_mapping",
                file=TABLE,
                column=column,
                patient=str(patient),
            )
    known = {patient: cell for patient, cell in rows.items() if cell}
    return pd.DataFrame(list(known.values()), index=list(known)) if known else None
