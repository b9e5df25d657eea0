"""Guess a complete ``cohort.yaml`` from the tables of a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NotRequired, TypedDict, cast

import numpy as np
import pandas as pd

from omics.cohort.spec_rules import RESERVED_ENDPOINTS
from omics.infer.columns import ArmEntry, guess_arm, guess_covariates, guess_label, guess_patients
from omics.infer.endpoint_guesses import EndpointEntry, GuessedEndpoints, guess_endpoints
from omics.infer.found_cells import FoundCells
from omics.infer.found_events import ExposureEntry, GuessedExposure, KnownModel, guess_exposure
from omics.infer.found_pgx import FoundPgx
from omics.infer.found_table import FoundTable
from omics.infer.guess import Guess, words
from omics.infer.modality_of_table import FILE_WORDS, guess_modality
from omics.infer.one_table import split_table
from omics.infer.portal_folder import is_portal_folder, read_portal
from omics.infer.read_folder import MUDATA, read_modalities, read_tables
from omics.infer.scale_of_table import guess_scale
from omics.infer.table_roles import Roles, guess_roles
from omics.readers import CELLS, PGX

__all__ = ["CohortContent", "GuessedCohort", "ViewEntry", "guess_cohort", "guess_tables"]


EVENTS = "it has doses and levels, and is no table of patients and no view"

OTHER_DATA = (
    ".txt",
    ".txt.gz",
    ".tab",
    ".dat",
    ".xls",
    ".rds",
    ".rdata",
    ".sav",
    ".dta",
    ".sas7bdat",
    ".zip",
    ".tar",
    ".gz",
    ".xlsm",
    ".ods",
)
"""Endings of files that may hold data and are not read; `init` names them."""


class ViewEntry(TypedDict):
    """Entry of a view in ``cohort.yaml``.

    Attributes
    ----------
    modality, file, scale
        Modality of the view, its file, and the scale of its values.
    orient
        ``features_in_rows`` where the file has one row per feature.
    format, patient, cell_type, layer
        ``cells``, its columns of ``obs`` and its layer of counts, where the file has single cells; the format of a
        program, or the layer of counts of an AnnData; ``pgx`` where the file has pharmacogenes.
    id, samples_per_patient, panels, sequenced
        How ids of samples become patients, the matrix of gene panels, and the case list of sequenced samples, in a
        folder of cBioPortal.
    """

    modality: str
    file: str
    scale: str
    orient: NotRequired[str]
    format: NotRequired[str]
    patient: NotRequired[str]
    cell_type: NotRequired[str]
    layer: NotRequired[str]
    id: NotRequired[dict[str, str]]
    samples_per_patient: NotRequired[str]
    panels: NotRequired[str]
    sequenced: NotRequired[str]
    columns: NotRequired[str | list[str]]
    mod: NotRequired[str]
    sheet: NotRequired[str]


class CohortContent(TypedDict):
    """Content of a guessed ``cohort.yaml``.

    Attributes
    ----------
    name
        Name of the cohort.
    samples
        ``file`` and ``id``: the samples table and its id column; its sheet or format in a workbook.
    views
        View -> its entry.
    endpoints
        Endpoint -> its entry.
    arm, site, group, covariates
        Their columns, where there are any.
    exposure
        Doses and levels, where a table has them and the model is known.
    """

    name: str
    samples: dict[str, str]
    views: dict[str, ViewEntry]
    endpoints: dict[str, EndpointEntry]
    arm: NotRequired[ArmEntry]
    site: NotRequired[str]
    group: NotRequired[str]
    covariates: NotRequired[list[str]]
    exposure: NotRequired[ExposureEntry]


@dataclass(frozen=True)
class GuessedCohort:
    """A guessed cohort; each guess comes with its reason.

    Attributes
    ----------
    name
        Name of the cohort: that of its folder.
    roles
        The samples table, its id column, and tables that share no id with it.
    views
        View -> its entry of ``cohort.yaml``.
    endpoints
        Endpoints to declare, and endpoints that could be declared too.
    arm, possible_arm
        The arm, if a column is clearly the arm; otherwise a column that may be the arm, if any.
    site, group
        Their columns, if any.
    covariates, others
        Columns that are known before treatment, by their names, and columns without a role.
    exposure
        The proposed block ``exposure``, if a table has doses and levels.
    """

    name: str
    roles: Roles
    views: dict[str, Guess[ViewEntry]]
    endpoints: GuessedEndpoints
    arm: Guess[ArmEntry] | None
    possible_arm: Guess[ArmEntry] | None
    site: Guess[str] | None
    group: Guess[str] | None
    covariates: Guess[list[str]]
    others: list[str]
    exposure: GuessedExposure | None = None

    def as_dict(self) -> CohortContent:
        """Content of ``cohort.yaml``, without reasons."""
        content: CohortContent = {
            "name": self.name,
            "samples": self.roles.entry(),
            "views": {name: guess.value for name, guess in self.views.items()},
            "endpoints": {name: guess.value for name, guess in self.endpoints.declared.items()},
        }
        if self.arm is not None:
            content["arm"] = self.arm.value
        if self.site is not None:
            content["site"] = self.site.value
        if self.group is not None:
            content["group"] = self.group.value
        if self.covariates.value:
            content["covariates"] = self.covariates.value
        if self.exposure is not None and self.exposure.is_complete:
            content["exposure"] = self.exposure.entry.value
        return content


def guess_cohort(
    folder: Path,
    samples: str | None = None,
    identifier: str | None = None,
    models: Callable[[], Sequence[KnownModel]] = tuple,
) -> GuessedCohort:
    """Read the tables of a folder and guess its ``cohort.yaml``.

    Parameters
    ----------
    folder
        Folder of the tables.
    samples, identifier
        File of the samples table and its id column, where they are known.
    models
        Gives the kinetic models that can be proposed for a table of doses and levels.

    Returns
    -------
    GuessedCohort
        The guess.

    Raises
    ------
    CohortError
        If there are fewer than two tables, a table cannot be read, no tables share ids, or two tables could be the
        samples table.
    """
    name = folder.resolve().name
    if samples is None and is_portal_folder(folder):
        portal = read_portal(folder)
        return guess_tables(portal.tables, name, portal.samples, portal.identifier, portal.passed_over)
    found = read_tables(folder)
    tables = found.tables
    if len(tables) == 1 and tables[0].file.endswith(MUDATA):
        samples, tables = tables[0].file, [*tables, *read_modalities(folder / tables[0].file)]
    elif len(tables) == 1:
        tables = split_table(tables[0], identifier)
        samples = samples or (tables[0].file if len(tables) > 1 else None)
    read = {table.file for table in tables}
    others = sorted(path.name for path in folder.iterdir() if path.name.lower().endswith(OTHER_DATA))
    other_kind = dict.fromkeys((one for one in others if one not in read), "it is of another kind")
    cohort = guess_tables(tables, name, samples, identifier, found.passed_over | other_kind)
    return _with_exposure(cohort, found.events, models)


def _with_exposure(
    cohort: GuessedCohort, events: Sequence[FoundTable], models: Callable[[], Sequence[KnownModel]]
) -> GuessedCohort:
    """Propose the first table of doses and levels whose patients are those of the cohort; the others are not used."""
    table, identifier = cohort.roles.samples.value, cohort.roles.identifier.value
    patients = pd.Index(table.frame[identifier].astype(str))
    exposure, unused = None, {}
    for one in events:
        guess = guess_exposure(one, table.without_ids(identifier), patients, models)
        if guess is None:
            unused[one.file] = f"it has doses of patients who are not in {table.file}"
        elif exposure is not None:
            unused[one.file] = "a cohort has one table of doses and levels"
        else:
            exposure = guess
            if not guess.is_complete:
                unused[one.file] = f"the block exposure is a comment in the file; {EVENTS}"
    roles = replace(cohort.roles, unmatched=cohort.roles.unmatched | unused)
    return replace(cohort, roles=roles, exposure=exposure)


def guess_tables(
    tables: Sequence[FoundTable],
    name: str,
    samples: str | None = None,
    identifier: str | None = None,
    passed_over: Mapping[str, str] | None = None,
) -> GuessedCohort:
    """Guess as :func:`guess_cohort` does, from tables in memory.

    Parameters
    ----------
    tables
        The tables.
    name
        Name of the cohort.
    samples, identifier
        File of the samples table and its id column, where they are known.
    passed_over
        Files of the folder, or parts of them, that are not used -> why.

    Returns
    -------
    GuessedCohort
        The guess.
    """
    roles = guess_roles(tables, name, samples, identifier)
    roles = replace(roles, unmatched=roles.unmatched | dict(passed_over or {}))
    patients = roles.samples.value.without_ids(roles.identifier.value)
    endpoints = guess_endpoints(patients)
    used = endpoints.columns()
    arm, is_clear = guess_arm(patients.drop(columns=list(used)))
    if arm is not None and is_clear:
        used.add(arm.value["column"])
    site = guess_label("site", patients, used)
    group = guess_patients(patients, endpoints.columns()) or guess_label("group", patients, used)
    used |= {guess.value for guess in (site, group) if guess is not None}
    covariates, others = guess_covariates(patients, used)
    measured = [table for table in tables if table.file in roles.transposed]
    return GuessedCohort(
        name,
        roles,
        dict(_views(measured, roles)),
        endpoints,
        arm if is_clear else None,
        None if is_clear else arm,
        site,
        group,
        covariates,
        others,
    )


def _views(tables: Sequence[FoundTable], roles: Roles) -> Iterator[tuple[str, Guess[ViewEntry]]]:
    names = set(RESERVED_ENDPOINTS) | {"clinical"}
    for table in tables:
        transposed = roles.transposed[table.file]
        if isinstance(table, FoundPgx):
            guess = _gene_view(table)
        elif isinstance(table, FoundCells):
            guess = _cell_view(table, transposed)
        else:
            guess = _view(table, transposed, roles.patterns.get(table.file))
        name = _view_name(table, guess.value["modality"])
        while name in names:
            name = f"{name}_view"
        names.add(name)
        yield name, guess


def _view(table: FoundTable, transposed: Guess[bool], pattern: str | None) -> Guess[ViewEntry]:
    values = _numbers(table, transposed.value)
    modality = guess_modality(table.file, values.columns, values, str(table.keys.get("format", "")))
    scale = guess_scale(
        values.to_numpy(), modality.value, frozenset(words(f"{table.stem} {table.keys.get('sheet', '')}"))
    )
    kind, unit = scale.value
    view: ViewEntry = {"modality": kind, "file": table.file, "scale": unit}
    if transposed.value:
        view["orient"] = "features_in_rows"
    view |= cast("ViewEntry", dict(table.keys))
    if pattern is not None:
        view["id"] = {"pattern": pattern}
        if values.index.str.extract(pattern, expand=False).duplicated().any():
            view["samples_per_patient"] = "first"
    why = f"{values.shape[0]} patients x {values.shape[1]} features, {transposed.why}. "
    why += f"{kind}: {modality.why}. {unit}: {scale.why}"
    return Guess(view, why, transposed.sure and modality.sure and scale.sure)


def _cell_view(table: FoundCells, patients: Guess[bool]) -> Guess[ViewEntry]:
    view: ViewEntry = {"modality": "transcriptomics", "file": table.file, "scale": "counts", "format": CELLS}
    view |= {"patient": table.patient, "cell_type": table.cell_type.value}
    if table.layer.value is not None:
        view["layer"] = table.layer.value
    count = int(table.frame.iloc[:, 1].sum())
    why = f"{count} cells of {len(table.rows)} patients in {table.patient}: {patients.why}. "
    why += f"{table.cell_type.why}. counts: {table.layer.why}"
    return Guess(view, why, patients.sure and table.cell_type.sure and table.layer.sure)


def _gene_view(table: FoundPgx) -> Guess[ViewEntry]:
    view: ViewEntry = {"modality": "genomics", "file": table.file, "scale": "activity", "format": PGX}
    return Guess(view, f"{len(table.rows)} patients, {table.why}: activity scores and phenotypes")


def _numbers(table: FoundTable, transposed: bool) -> pd.DataFrame:
    """Patients x features; a cell that is not a number counts as empty, since reading the cohort will report it."""
    frame = table.frame.set_axis([table.frame.columns[0], *table.columns], axis=1)
    numbers: pd.DataFrame = (
        frame.iloc[:, 1:].apply(pd.to_numeric, errors="coerce").set_axis(table.rows, axis=0)
    )
    numbers = numbers.astype(np.float64).replace([np.inf, -np.inf], np.nan)
    return numbers.T if transposed else numbers


def _view_name(table: FoundTable, modality: str) -> str:
    """Name of the file without words that only repeat the modality.

    Examples
    --------
    >>> _view_name(FoundTable("metabolomic_serum.csv", pd.DataFrame()), "metabolomics")
    'serum'
    """
    all_words = words(table.stem)
    repeats = FILE_WORDS.get(modality, "")
    kept = [word for word in all_words if not (modality.startswith(word) and word in repeats)]
    return "_".join(kept or all_words) or "view"
