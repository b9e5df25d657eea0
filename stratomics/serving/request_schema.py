"""The request and the response of a served model: tables with one row per patient."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from datamodules.feature_match import COPIES, match_features
from datamodules.harmonizer import Harmonizer
from models.prediction import Prediction
from omics.cohort.assemble import join_cohort
from omics.cohort.samples import text_labels
from omics.cohort.spec import ArmSpec, CohortSpec
from omics.cohort.views import check_scale
from omics.common.errors import CohortError
from omics.common.files import read_json
from omics.readers.matrix import numbers
from stratomics.config import MIXTURE

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["ID", "RequestSchema", "response_table"]

ID = "sample_id"

TABLE = "the table of patients"
"""Takes the place of a file name in error messages."""

NAMED = 3
"""Unknown features of a view that the response names; it counts all of them."""

QUARTERS = np.array([0.25, 0.5, 0.75, 1.0])
"""Fractions of the horizon at which the response has S(t) by default."""


@dataclass(frozen=True)
class RequestSchema:
    """The columns that a model reads.

    They have the names of ``patients.parquet``: ``sample_id``, ``arm``, ``site``, ``covariate.NAME``, ``view.NAME``.
    A cell of a view is ``{feature: value}`` on the scale that the training cohort declares, and is transformed as in
    training. Features, views and columns may be missing or empty. Unknown ones are not used, and the response names
    them; a strict request refuses them.

    Attributes
    ----------
    harmonizer
        The harmonizer of the first member; all members have the same views and covariates.
    arm
        Arm as the training cohort declares it; None if the model has no arms.
    horizon
        Time up to which enough training patients are followed; None for a model without survival.
    time_unit
        Unit of times in the response; None without survival.
    """

    harmonizer: Harmonizer
    arm: ArmSpec | None
    horizon: float | None
    time_unit: str | None

    @classmethod
    def of(cls, model: Path, arm: Mapping[str, Any] | None, time_unit: str | None = None) -> Self:
        """Read the schema of a saved model.

        Parameters
        ----------
        model
            Folder ``model/`` of a run.
        arm
            Arm as the training cohort declares it, from ``provenance.json``.
        time_unit
            Unit of times, from there too.
        """
        network, count = read_json(model / "network.json"), read_json(model / f"{MIXTURE}.json")["endpoints"]
        endpoints = [read_json(model / f"endpoint{number}.json") for number in range(count)]
        horizons = [float(entry["horizon"]) for entry in endpoints if entry["kind"] == "survival"]
        declared = None
        if arm is not None and network["layout"]["arms"]:
            declared = ArmSpec(arm["column"], arm["control"], arm.get("treated"))
        harmonizer = Harmonizer.load(model, "member0.harmonizer")
        return cls(harmonizer, declared, next(iter(horizons), None), time_unit if horizons else None)

    @cached_property
    def _roles(self) -> dict[str, str]:
        """Column of the request -> column of the samples table, except covariates."""
        roles = {
            "arm": None if self.arm is None else self.arm.column,
            "site": self.harmonizer.site,
        }
        # A column that is a covariate too is requested once, as covariate.
        kinds = self.harmonizer.covariates.kinds
        return {role: name for role, name in roles.items() if name is not None and name not in kinds}

    @property
    def columns(self) -> list[str]:
        """All columns that are read; all but the first may be missing."""
        covariates = [f"covariate.{name}" for name in self.harmonizer.covariates.kinds]
        return [ID, *self._roles, *covariates, *(f"view.{name}" for name in self.harmonizer.views)]

    @property
    def times(self) -> list[float]:
        """Default times of S(t) in the response; none without survival or with an infinite horizon."""
        if self.horizon is None or not np.isfinite(self.horizon):
            return []
        return [float(f"{time:.3g}") for time in self.horizon * QUARTERS]

    def example(self) -> pd.DataFrame:
        """One fictitious patient, with the value 1 for each number, which is valid on nearly every scale.

        Each view has one feature. The last view is absent if there are several.
        """
        kinds, views = self.harmonizer.covariates.kinds, list(self.harmonizer.views)
        cells: dict[str, object] = dict.fromkeys(self._roles, "unknown")
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
        """Make a cohort of new patients, as :func:`omics.cohort.new_patients.read_new_patients` does from files.

        Raises
        ------
        CohortError
            If there is no patient, an id is missing or repeated, a view is not a mapping of features to numbers, or a
            value is impossible on the declared scale.
        """
        table = table.set_axis(_ids(table))
        kinds = self.harmonizer.covariates.kinds
        samples = pd.DataFrame(index=table.index)
        for role, name in self._roles.items():
            if role in table:
                samples[name] = text_labels(table[role]) if role == "site" else table[role]
        for name, kind in kinds.items():
            if (column := f"covariate.{name}") in table:
                values = table[column]
                samples[name] = (
                    text_labels(values) if kind is str else numbers(values.to_frame(), TABLE).iloc[:, 0]
                )
        views = {}
        for name, view in self.harmonizer.views.items():
            frame = _measured(table, f"view.{name}")
            if frame is not None:
                views[name] = numbers(frame, f"{TABLE}, view '{name}'")
                check_scale(name, view.spec, views[name], TABLE)
        spec = CohortSpec(
            name="served",
            # All views, so that a patient may have none of them.
            views={n: replace(v.spec, file=None, format=None) for n, v in self.harmonizer.views.items()},
            endpoints={},
            arm=self.arm,
            covariates=tuple(name for name in kinds if name in samples),
            site=self.harmonizer.site if self.harmonizer.site in samples else None,
        )
        return join_cohort(samples, views, spec, digest="")

    def with_training_names(self, table: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series[str]]:
        """Give the features of each patient their names of training, where they have other ones.

        Parameters
        ----------
        table
            The request.

        Returns
        -------
        tuple
            The request with the names of training, and (n,) text that says what was matched, such as ``view.rna: 20
            feature(s) have another version``; empty where all names are those of training.
        """
        renamed: dict[str, pd.Series[Any]] = {}
        notes: list[list[str]] = [[] for _ in range(len(table))]
        for name in self.harmonizer.views:
            column = f"view.{name}"
            if column not in table:
                continue
            cells = list(table[column])
            for row, cell in enumerate(cells):
                if isinstance(cell, Mapping) and not self._measured[name].issuperset(map(str, cell)):
                    cells[row], found = self._renamed(name, cell)
                    notes[row] += [f"{column}: {note}" for note in found]
            renamed[column] = pd.Series(cells, index=table.index, dtype=object)
        texts = pd.Series(list(map("; ".join, notes)), index=table.index, dtype=str)
        return table.assign(**renamed), texts

    def _renamed(self, name: str, cell: Mapping[str, Any]) -> tuple[Mapping[str, Any], list[str]]:
        """Return values of a view under their names of training, and what was matched."""
        view = self.harmonizer.views[name]
        match = match_features(
            view.measured, pd.Index([str(key) for key in cell], dtype=object), view.spec.scale
        )
        values = list(cell.values())
        names = [str(key) for key in cell]
        for row in map(int, np.flatnonzero(match.renamed)):
            place, value = int(match.columns[row]), values[match.columns[row]]
            names[place] = str(view.measured[row])
            if match.flipped[row] and isinstance(value, int | float):
                values[place] = COPIES - value
        return dict(zip(names, values, strict=True)), match.notes

    def ignored(self, table: pd.DataFrame) -> pd.Series[str]:
        """Name the fields of each patient that the model does not know.

        Parameters
        ----------
        table
            The request, after :meth:`patients` has accepted it.

        Returns
        -------
        pandas.Series
            (n,) text such as ``age; view.rna: 2 features (X1, X2)``; empty where all fields are known.
        """
        unknown = [column for column in table if column not in self.columns]
        texts = []
        for row in table.to_dict("records"):
            fields = [str(column) for column in unknown if _is_given(row[column])]
            texts.append("; ".join([*fields, *self._ignored_features(row)]))
        return pd.Series(texts, index=table.index, dtype=str)

    def refuse_unknown(self, table: pd.DataFrame) -> None:
        """Refuse a request with fields that the model does not know.

        Raises
        ------
        CohortError
            If a patient has such a field.
        """
        for patient, fields in zip(table[ID], self.ignored(table), strict=True):
            if fields:
                raise CohortError(
                    f"the model does not know {fields}; remove them, or send the request without strict",
                    "unknown_field",
                    file=TABLE,
                    patient=str(patient),
                )

    def _ignored_features(self, row: Mapping[Hashable, Any]) -> Iterator[str]:
        """Name the unknown features of each view of a patient."""
        for name, known in self._measured.items():
            cell = row.get(f"view.{name}")
            unknown = [str(f) for f in cell if str(f) not in known] if isinstance(cell, Mapping) else []
            if unknown:
                named = ", ".join([*unknown[:NAMED], *(["..."] if len(unknown) > NAMED else [])])
                yield f"view.{name}: {len(unknown)} feature{'s' * (len(unknown) > 1)} ({named})"

    @cached_property
    def _measured(self) -> dict[str, frozenset[str]]:
        """View -> its features in training."""
        return {name: frozenset(map(str, view.measured)) for name, view in self.harmonizer.views.items()}


def response_table(prediction: Prediction, times: Sequence[float]) -> pd.DataFrame:
    """Build the response: the predictions of each patient, and columns ``survival_TIME``.

    Parameters
    ----------
    prediction
        Prediction of new patients.
    times
        Times of S(t), under the arm that the patient received.

    Returns
    -------
    pandas.DataFrame
        One row per patient.
    """
    table = prediction.patients.drop(columns=["repeat", "fold"])
    if not len(times) or "survival" not in prediction.long:
        return table
    (curves,) = prediction.curves()
    columns = [f"survival_{time:g}" for time in times]
    at = pd.DataFrame(curves.survival(np.asarray(times, dtype=np.float64)), curves.sample_ids, columns)
    return table.assign(**at.loc[table[ID].to_numpy(dtype=str)].reset_index(drop=True))


def _is_given(cell: object) -> bool:
    """Whether a cell has a value."""
    return not (cell is None or (isinstance(cell, float) and np.isnan(cell)))


def _ids(table: pd.DataFrame) -> pd.Index:
    if ID not in table or not len(table):
        raise CohortError(f"no patient; add one row per patient, with its {ID}", "no_patient", file=TABLE)
    ids = table[ID]
    if ids.isna().any():
        raise CohortError("a patient has no id; add an id to each row", "missing_id", file=TABLE, column=ID)
    names = pd.Index(ids.astype(str), name=None)
    if names.has_duplicates:
        twice = str(names[names.duplicated()][0])
        raise CohortError(
            "the id comes twice; keep one row per patient", "repeated_id", file=TABLE, patient=twice
        )
    return names


def _measured(table: pd.DataFrame, column: str) -> pd.DataFrame | None:
    """Values (patients with the view, features); None if no patient has the view."""
    if column not in table:
        return None
    rows: dict[str, Mapping[str, Any]] = {}
    for patient, cell in table[column].items():
        if isinstance(cell, Mapping):
            rows[str(patient)] = cell
        elif _is_given(cell):
            raise CohortError(
                "a view is a mapping of its features to numbers, or empty",
                "not_a_mapping",
                file=TABLE,
                column=column,
                patient=str(patient),
            )
    known = {patient: cell for patient, cell in rows.items() if cell}
    return pd.DataFrame(list(known.values()), index=list(known)) if known else None
