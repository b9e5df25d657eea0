"""Guess which table of a folder is the samples table, its id column, and the orientation of the other tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from omics.cohort.ids import matching_pattern
from omics.common.errors import CohortError, nearest
from omics.infer.columns import guess_covariates
from omics.infer.endpoint_guesses import guess_endpoints
from omics.infer.found_cells import FoundCells
from omics.infer.found_table import METABOLON_SAMPLES, SERIES_CLINICAL, FoundTable, ids_of
from omics.infer.guess import Guess, words

__all__ = ["Roles", "guess_roles"]

SHARED = 0.5
"""Share of the ids of a table that must be patients of the samples table."""

INSPECTED = 500
"""Number of ids that are compared with patterns."""

FEW_COLUMNS = 200
"""Largest width of a samples table; in a wider table only the first column can be the id column."""

FILE_WORDS = {
    "outcome",
    "outcomes",
    "clinical",
    "clinic",
    "patients",
    "patient",
    "samples",
    "sample",
    "metadata",
}
FILE_WORDS |= {
    "meta",
    "pheno",
    "phenotype",
    "phenotypes",
    "survival",
    "demographics",
    "subjects",
    "endpoints",
}
"""Words in the name of the file of a samples table."""


@dataclass(frozen=True)
class Roles:
    """Roles of the tables of a folder.

    Attributes
    ----------
    samples, identifier
        The table with one row per patient, and its id column.
    transposed
        File -> whether features are in rows, for the tables that share ids with the samples table.
    patterns
        File -> pattern that cuts the patient out of its ids, for the tables that need one.
    unmatched
        Files that are not used -> why.
    """

    samples: Guess[FoundTable]
    identifier: Guess[str]
    transposed: dict[str, Guess[bool]]
    unmatched: dict[str, str]
    patterns: Mapping[str, str] = field(default_factory=dict)

    def entry(self) -> dict[str, str]:
        """Entry of the samples table in ``cohort.yaml``."""
        table = self.samples.value
        part = {key: str(table.keys[key]) for key in ("sheet", "format") if key in table.keys}
        return {"file": str(table.keys.get("file", table.file)), **part, "id": self.identifier.value}


def guess_roles(
    tables: Sequence[FoundTable], folder: str, samples: str | None = None, identifier: str | None = None
) -> Roles:
    """Find the samples table among several tables, and its id column.

    Parameters
    ----------
    tables
        Tables of the folder.
    folder
        Name of the folder, for errors.
    samples, identifier
        File of the samples table and its id column, where they are known.

    Returns
    -------
    Roles
        The role of each table.

    Raises
    ------
    CohortError
        If there is only one table, no tables share ids, or two tables could be the samples table.
    """
    if samples is not None and samples not in (files := [table.file for table in tables]):
        raise CohortError(f"no such table; {nearest(samples, files)}", "missing_file", file=samples)
    if len(tables) == 1:
        raise CohortError(
            f"{tables[0].file} is the only table; a cohort has a samples table and at least one of measurements: save "
            "the columns of measurements as a table of its own, with the same ids in its first column, or begin their "
            "names alike, such as rna_TP53 and rna_KRAS, so that init finds the group",
            "one_table",
            file=folder,
        )
    candidates = [
        roles
        for table in tables
        if samples in (None, table.file)
        and not isinstance(table, FoundCells)
        and (roles := _as_samples(table, tables, identifier)) is not None
    ]
    ranked = sorted(candidates, key=_plausibility, reverse=True)
    if not ranked or not ranked[0].samples.sure:
        _refuse_repeated(tables)
    if not ranked:
        raise _nothing_shared(tables, folder)
    first = ranked[0]
    ties = [roles for roles in ranked if _plausibility(roles) == _plausibility(first)]
    ranked = sorted(ties, key=_covariates, reverse=True)
    first = ranked[0]
    if len(ranked) > 1 and _covariates(ranked[1]) == _covariates(first):
        names = f"{first.samples.value.file} and {ranked[1].samples.value.file}"
        raise CohortError(
            f"{names} could both be the samples table, with one row per patient; choose one with --samples FILE",
            "two_samples_tables",
            file=folder,
        )
    return first


def _as_samples(table: FoundTable, tables: Sequence[FoundTable], identifier: str | None) -> Roles | None:
    """Roles if `table` is the samples table: its id column is the one with ids that recur in most other tables."""
    others = [other for other in tables if other is not table]
    names = [str(table.frame.columns[0]), *map(str, table.columns)]
    wide = len(names) > FEW_COLUMNS
    columns = [identifier] if identifier else names[:1] if wide else names
    best: tuple[str, dict[str, Guess[bool]]] | None = None
    for name in columns:
        ids = ids_of(table.frame, name)
        if ids is None:
            continue
        transposed = {o.file: guess for o in others if (guess := _orientation(o, ids)) is not None}
        if transposed and (best is None or len(transposed) > len(best[1])):
            best = name, transposed
    if best is None and ids_of(table.frame, columns[0]) is not None and _has_outcome(table, columns[0]):
        best = columns[0], {}
    if best is None:
        return None
    name, transposed = best
    found = _patterns([other for other in others if other.file not in transposed], ids_of(table.frame, name))
    transposed |= {file: guess for file, (guess, _) in found.items()}
    if not transposed:
        return None
    why = f"its values differ in every row and recur in {len(transposed)} of the {len(others)} other table(s)"
    named = FILE_WORDS & set(words(table.stem))
    reason = [f"the file is called {min(named)}"] if named else []
    reason += ["it has columns of an outcome"] if _has_outcome(table, name) else []
    samples = Guess(table, " and ".join(reason) or "no other table does", bool(reason))
    unmatched = {o.file: f"it shares no id with {table.file}" for o in others if o.file not in transposed}
    reasons = {
        other.file: _not_a_view(other, transposed[other.file]) for other in others if other.file in transposed
    }
    unmatched |= {file: reason for file, reason in reasons.items() if reason is not None}
    transposed = {file: guess for file, guess in transposed.items() if file not in unmatched}
    if not transposed:
        return None
    patterns = {file: pattern for file, (_, pattern) in found.items()}
    return Roles(samples, Guess(name, why), transposed, unmatched, patterns)


def _patterns(tables: Sequence[FoundTable], ids: pd.Index | None) -> dict[str, tuple[Guess[bool], str]]:
    """File -> orientation and pattern, for tables whose ids are patients with a prefix or a suffix."""
    found = {}
    for table in tables:
        for transposed, names in ((False, table.rows), (True, table.columns)):
            pattern = None if ids is None else matching_pattern(list(names[:INSPECTED]), ids)
            if pattern is not None:
                why = f"'{names[0]}' and the like are patients by the pattern {pattern}"
                found[table.file] = Guess(transposed, why, sure=False), pattern
                break
    return found


def _orientation(table: FoundTable, ids: pd.Index) -> Guess[bool] | None:
    rows, columns = (float(names.isin(ids).mean()) for names in (table.rows, table.columns))
    if max(rows, columns) < SHARED:
        return None
    transposed = columns > rows
    share, what = (columns, "column names") if transposed else (rows, "rows")
    return Guess(transposed, f"{share:.0%} of its {what} are patients", share == 1)


def _not_a_view(table: FoundTable, transposed: Guess[bool]) -> str | None:
    """Why a table with ids of patients is not a view; None where it may be one."""
    if table.keys.get("format") in (METABOLON_SAMPLES, SERIES_CLINICAL):
        return "it describes samples that a view has; add what you need to the samples table"
    if isinstance(table, FoundCells) or transposed.value:
        return None
    if _has_outcome(table, str(table.frame.columns[0])):
        return (
            "it has columns of an outcome, which a view must not have; add what you need to the samples table"
        )
    repeated = table.rows[table.rows.duplicated()].unique()
    if len(repeated):
        return f"it has several rows of {len(repeated)} patients, such as {repeated[0]}; a view has one"
    if not table.columns.empty and all(kind.kind == "O" for kind in table.frame.dtypes):
        return "its columns are text; numbers are measured, and what is known before treatment belongs to the samples"
    return None


def _has_outcome(table: FoundTable, identifier: str) -> bool:
    narrow = table.frame.shape[1] <= FEW_COLUMNS
    return narrow and bool(guess_endpoints(table.without_ids(identifier)).declared)


def _plausibility(roles: Roles) -> int:
    """How plausible a table is as the samples table; an outcome counts more than the name of the file."""
    table, identifier = roles.samples.value, roles.identifier.value
    others = table.without_ids(identifier)
    text = len(others.columns) <= FEW_COLUMNS and any(kind.kind == "O" for kind in others.dtypes)
    named = bool(FILE_WORDS & set(words(table.stem)))
    return 4 * _has_outcome(table, identifier) + 2 * named + text


def _covariates(roles: Roles) -> int:
    """Count columns that are known before treatment, which decide between two tables with outcomes."""
    others = roles.samples.value.without_ids(roles.identifier.value)
    if len(others.columns) > FEW_COLUMNS:
        return 0
    return len(guess_covariates(others, guess_endpoints(others).columns())[0].value)


def _refuse_repeated(tables: Sequence[FoundTable]) -> None:
    """Raise an error if a table would be the samples table except for a repeated patient id."""
    for table in tables:
        known = pd.Index([]).append([other.rows for other in tables if other is not table])
        repeated = table.rows[table.rows.duplicated() & table.rows.isin(known)]
        if len(repeated) and (
            _has_outcome(table, str(table.frame.columns[0])) or FILE_WORDS & set(words(table.stem))
        ):
            raise CohortError(
                "the patient id appears twice; keep one row per patient",
                "duplicate_patient",
                file=table.file,
                patient=str(repeated[0]),
            )


def _nothing_shared(tables: Sequence[FoundTable], folder: str) -> CohortError:
    begins = ", ".join(f"{table.file} with '{table.rows[0]}'" for table in tables[:3])
    return CohortError(
        f"no column of ids in one table recurs in another (first rows begin: {begins}); use the same ids in all tables",
        "no_shared_ids",
        file=folder,
    )
