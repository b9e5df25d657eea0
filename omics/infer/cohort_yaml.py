"""A whole ``cohort.yaml`` guessed from the tables of a folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from omics.cohort.spec_rules import RESERVED_ENDPOINTS
from omics.infer.columns import guess_arm, guess_covariates, guess_label
from omics.infer.endpoint_guesses import GuessedEndpoints, guess_endpoints
from omics.infer.guess import Guess, words
from omics.infer.modality_of_table import CALLED, guess_modality
from omics.infer.read_folder import FoundTable, read_tables
from omics.infer.scale_of_table import guess_scale
from omics.infer.table_roles import Roles, guess_roles

__all__ = ["GuessedCohort", "guess_cohort", "guess_tables"]


@dataclass(frozen=True)
class GuessedCohort:
    """What a folder was taken for; each guess with its reason.

    Attributes
    ----------
    name
        Of the cohort: that of its folder.
    roles
        The table of patients, its id column, and tables that share no id.
    views
        View -> its entry of ``cohort.yaml``.
    endpoints
        Those declared, and those that could be.
    arm, offered_arm
        The arm, if a column is one, or may be one.
    site, group
        Columns, if any.
    covariates, others
        Columns known before treatment by their names, and the columns without a role.
    """

    name: str
    roles: Roles
    views: dict[str, Guess[dict[str, Any]]]
    endpoints: GuessedEndpoints
    arm: Guess[dict[str, Any]] | None
    offered_arm: Guess[dict[str, Any]] | None
    site: Guess[str] | None
    group: Guess[str] | None
    covariates: Guess[list[str]]
    others: list[str]

    def as_dict(self) -> dict[str, Any]:
        """Give the content of ``cohort.yaml``, without reasons."""
        samples = {"file": self.roles.samples.value.file, "id": self.roles.identifier.value}
        spec: dict[str, Any] = {"name": self.name, "samples": samples}
        spec["views"] = {name: guess.value for name, guess in self.views.items()}
        spec["endpoints"] = {name: guess.value for name, guess in self.endpoints.taken.items()}
        for key in ("arm", "site", "group", "covariates"):
            guess = getattr(self, key)
            if guess is not None and guess.value:
                spec[key] = guess.value
        return spec


def guess_cohort(folder: Path, samples: str | None = None, identifier: str | None = None) -> GuessedCohort:
    """Look at the tables of `folder` and guess its ``cohort.yaml``.

    Parameters
    ----------
    folder
        Where tables lie.
    samples, identifier
        File of the table of patients and its id column, where they are known.

    Raises
    ------
    CohortError
        No table, one alone, one that cannot be read, none that shares ids, or two that could be that of patients.
    """
    return guess_tables(read_tables(folder), folder.resolve().name, samples, identifier)


def guess_tables(
    tables: Sequence[FoundTable], name: str, samples: str | None = None, identifier: str | None = None
) -> GuessedCohort:
    """Guess as :func:`guess_cohort` does, from tables in memory."""
    roles = guess_roles(tables, name, samples, identifier)
    patients = roles.samples.value.beside(roles.identifier.value)
    endpoints = guess_endpoints(patients)
    taken = endpoints.columns()
    arm, declared = guess_arm(patients.drop(columns=list(taken)))
    if arm is not None and declared:
        taken.add(arm.value["column"])
    site = guess_label("site", patients, taken)
    group = guess_label("group", patients, taken)
    taken |= {guess.value for guess in (site, group) if guess is not None}
    covariates, others = guess_covariates(patients, taken)
    measured = [table for table in tables if table.file in roles.turned]
    return GuessedCohort(
        name,
        roles,
        dict(_views(measured, roles)),
        endpoints,
        arm if declared else None,
        None if declared else arm,
        site,
        group,
        covariates,
        others,
    )


def _views(tables: Sequence[FoundTable], roles: Roles) -> Iterator[tuple[str, Guess[dict[str, Any]]]]:
    names = set(RESERVED_ENDPOINTS) | {"clinical"}
    for table in tables:
        turned = roles.turned[table.file]
        values = _numbers(table, turned.value)
        modality = guess_modality(table.file, values.columns, values)
        scale = guess_scale(values.to_numpy(), modality.value, frozenset(words(table.stem)))
        name = _view_name(table, modality.value)
        while name in names:
            name = f"{name}_view"
        names.add(name)
        kind, unit = scale.value
        view: dict[str, Any] = {"modality": kind, "file": table.file, "scale": unit}
        if turned.value:
            view["orient"] = "features_in_rows"
        why = (
            f"{values.shape[0]} patients x {values.shape[1]} features, {turned.why}. {kind}: {modality.why}. "
        )
        why += f"{unit}: {scale.why}"
        yield name, Guess(view, why, turned.sure and modality.sure and scale.sure)


def _numbers(table: FoundTable, turned: bool) -> pd.DataFrame:
    """Patients x features; a cell that is no number counts as empty, since reading will name it."""
    frame = table.frame.set_axis([table.frame.columns[0], *table.columns], axis=1)
    numbers: pd.DataFrame = (
        frame.iloc[:, 1:].apply(pd.to_numeric, errors="coerce").set_axis(table.rows, axis=0)
    )
    numbers = numbers.astype(np.float64).replace([np.inf, -np.inf], np.nan)
    return numbers.T if turned else numbers


def _view_name(table: FoundTable, modality: str) -> str:
    """Name of the file, without the word that says no more than the modality.

    Examples
    --------
    >>> _view_name(FoundTable("metabolomic_serum.csv", pd.DataFrame()), "metabolomics")
    'serum'
    """
    said = words(table.stem)
    plain = [word for word in said if not (modality.startswith(word) and word in CALLED.get(modality, ""))]
    return "_".join(plain or said) or "view"
