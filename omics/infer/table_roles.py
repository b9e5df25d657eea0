"""Which table has a row a patient, in which column his id stands, and how the other tables lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from omics.common.errors import CohortError, nearest
from omics.infer.endpoint_guesses import guess_endpoints
from omics.infer.guess import Guess, words
from omics.infer.read_folder import FoundTable

__all__ = ["Roles", "guess_roles"]

SHARED = 0.5
"""Share of a table's ids that recur in another, from which both speak of the same patients."""

FEW_COLUMNS = 200
"""A table of patients is not wider; of a wider one, only the first column can hold ids."""

CALLED = {"outcome", "outcomes", "clinical", "clinic", "patients", "patient", "samples", "sample", "metadata"}
CALLED |= {"meta", "pheno", "phenotype", "phenotypes", "survival", "demographics", "subjects", "endpoints"}
"""Words in the name of a file that holds patients."""


@dataclass(frozen=True)
class Roles:
    """The table of patients, its id column, and of each other table whether features are in its rows.

    Attributes
    ----------
    samples, identifier
        The table with a row a patient, and the column of ids.
    turned
        File -> whether features are in rows, of the tables that share ids.
    strangers
        Files that share none.
    """

    samples: Guess[FoundTable]
    identifier: Guess[str]
    turned: dict[str, Guess[bool]]
    strangers: list[str]


def guess_roles(
    tables: Sequence[FoundTable], folder: str, samples: str | None = None, identifier: str | None = None
) -> Roles:
    """Find the table of patients among `tables`, where not `samples` names its file and `identifier` its id column.

    Raises
    ------
    CohortError
        One table only, no id that tables share, or two tables that could equally be that of patients.
    """
    if samples is not None and samples not in (files := [table.file for table in tables]):
        raise CohortError(f"no such table; {nearest(samples, files)}", "missing_file", file=samples)
    if len(tables) == 1:
        raise CohortError(
            f"{tables[0].file} is the only table; a cohort has one of patients and at least one of measurements",
            "one_table",
            file=folder,
        )
    found = [
        roles
        for table in tables
        if samples in (None, table.file) and (roles := _as_samples(table, tables, identifier)) is not None
    ]
    ranked = sorted(found, key=_likeness, reverse=True)
    if not ranked or not ranked[0].samples.sure:
        _refuse_repeated(tables)
    if not ranked:
        raise _nothing_shared(tables, folder)
    first = ranked[0]
    if len(ranked) > 1 and _likeness(ranked[1]) == _likeness(first):
        names = f"{first.samples.value.file} and {ranked[1].samples.value.file}"
        raise CohortError(
            f"{names} could both be the table with a row a patient and his outcome; say which with --samples FILE",
            "two_samples_tables",
            file=folder,
        )
    return first


def _as_samples(table: FoundTable, tables: Sequence[FoundTable], identifier: str | None) -> Roles | None:
    """Take `table` for that of patients, by the column whose ids recur in most other tables."""
    others = [other for other in tables if other is not table]
    names = [str(table.frame.columns[0]), *map(str, table.columns)]
    wide = len(names) > FEW_COLUMNS
    columns = [identifier] if identifier else names[:1] if wide else names
    best: tuple[str, dict[str, Guess[bool]]] | None = None
    for name in columns:
        ids = _ids(table.frame, name)
        if ids is None:
            continue
        turned = {o.file: guess for o in others if (guess := _orientation(o, ids)) is not None}
        if turned and (best is None or len(turned) > len(best[1])):
            best = name, turned
    if best is None:
        return None
    name, turned = best
    why = f"its values differ in every row and recur in {len(turned)} of the {len(others)} other table(s)"
    called = CALLED & set(words(table.stem))
    reason = [f"the file is called {min(called)}"] if called else []
    reason += ["it has columns of an outcome"] if _has_outcome(table, name) else []
    samples = Guess(table, " and ".join(reason) or "no other table does", bool(reason))
    strangers = [other.file for other in others if other.file not in turned]
    return Roles(samples, Guess(name, why), turned, strangers)


def _ids(frame: pd.DataFrame, name: str) -> pd.Index | None:
    """Values of a column that could be ids: texts or whole numbers, none empty, none twice."""
    if name not in frame.columns:
        return None
    column: pd.Series[Any] = frame[name]
    if column.dtype.kind not in "Oiu" or column.isna().any() or not column.is_unique:
        return None
    return pd.Index(column.astype(str))


def _orientation(table: FoundTable, ids: pd.Index) -> Guess[bool] | None:
    rows, columns = (float(names.isin(ids).mean()) for names in (table.rows, table.columns))
    if max(rows, columns) < SHARED:
        return None
    turned = columns > rows
    share, what = (columns, "column names") if turned else (rows, "rows")
    return Guess(turned, f"{share:.0%} of its {what} are patients", share == 1)


def _has_outcome(table: FoundTable, identifier: str) -> bool:
    narrow = table.frame.shape[1] <= FEW_COLUMNS
    return narrow and bool(guess_endpoints(table.beside(identifier)).taken)


def _likeness(roles: Roles) -> int:
    """How much a table is like one of patients; an outcome outweighs a name."""
    table, identifier = roles.samples.value, roles.identifier.value
    others = table.beside(identifier)
    text = len(others.columns) <= FEW_COLUMNS and any(kind.kind == "O" for kind in others.dtypes)
    named = bool(CALLED & set(words(table.stem)))
    return 4 * _has_outcome(table, identifier) + 2 * named + text


def _refuse_repeated(tables: Sequence[FoundTable]) -> None:
    """Name the table of patients that would be one, if nobody stood in it twice."""
    for table in tables:
        known = pd.Index([]).append([other.rows for other in tables if other is not table])
        twice = table.rows[table.rows.duplicated() & table.rows.isin(known)]
        if len(twice) and (
            _has_outcome(table, str(table.frame.columns[0])) or CALLED & set(words(table.stem))
        ):
            raise CohortError(
                "the patient id stands twice; keep one row a patient",
                "duplicate_patient",
                file=table.file,
                patient=str(twice[0]),
            )


def _nothing_shared(tables: Sequence[FoundTable], folder: str) -> CohortError:
    begins = ", ".join(f"{table.file} with '{table.rows[0]}'" for table in tables[:3])
    return CohortError(
        f"no column of ids in one table recurs in another (first rows begin: {begins}); call a patient the same in all",
        "no_shared_ids",
        file=folder,
    )
