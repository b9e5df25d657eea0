"""Recognise a table of doses and levels, and propose the block ``exposure``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from omics.infer.found_table import FoundTable
from omics.infer.guess import Guess, words

__all__ = ["ExposureEntry", "GuessedExposure", "KnownModel", "guess_exposure", "is_events"]

REQUIRED = {"ID", "TIME", "AMT"}

SHARED = 0.5
"""Share of the patients of the events that must be in the samples table."""

SYNONYMS = {
    "WT": {"weight", "bodyweight", "wt", "bw"},
    "AGE": {"age"},
    "CRCL": {"crcl", "clcr", "creatinine_clearance"},
    "EGFR": {"egfr", "gfr"},
    "SCR": {"scr", "creatinine", "serum_creatinine", "screat"},
    "ALB": {"albumin", "alb"},
    "HCT": {"hematocrit", "haematocrit", "hct"},
}
"""Covariate of a kinetic model -> names of its column, in lower case."""

METRIC = "auc24_first"

ExposureEntry = dict[str, object]
"""Block ``exposure`` of ``cohort.yaml``."""


@dataclass(frozen=True)
class KnownModel:
    """A kinetic model that can be proposed: its name, its drug, and the covariates that its data must have."""

    name: str
    drug: str
    covariates: tuple[str, ...]


@dataclass(frozen=True)
class GuessedExposure:
    """A proposed block; ``is_complete`` if a model was found by the drug and every covariate has a column."""

    entry: Guess[ExposureEntry]
    is_complete: bool


def is_events(table: FoundTable) -> bool:
    """Whether a table has doses in the layout of NONMEM: the columns ID, TIME and AMT, in any case."""
    return {str(name).lstrip("#").strip().upper() for name in table.frame.columns} >= REQUIRED


def guess_exposure(
    events: FoundTable, samples: pd.DataFrame, patients: pd.Index, models: Callable[[], Sequence[KnownModel]]
) -> GuessedExposure | None:
    """Propose the block ``exposure`` for a table of doses and levels.

    Parameters
    ----------
    events
        The table.
    samples
        The samples table, whose columns may be covariates.
    patients
        Ids of its patients.
    models
        Gives the models that can be proposed; called only here, since reading them takes time.

    Returns
    -------
    GuessedExposure or None
        None if its patients are others.
    """
    written = {str(name).lstrip("#").strip().upper(): str(name) for name in events.frame.columns}
    ids = pd.Index(events.frame[written["ID"]].dropna().astype(str).unique())
    if ids.isin(patients).mean() < SHARED:
        return None
    named = _words_of(events)
    given = _numeric(events.frame)
    columns = given | {name: column for name, column in _numeric(samples).items() if name not in given}
    ranked = sorted(
        (model for model in models() if model.drug.lower() in named),
        key=lambda model: len(_mapped(model.covariates, columns)) - len(model.covariates),
        reverse=True,
    )
    why = f"{events.file} has doses and levels of {len(ids)} patients, for research and not for dosing of patients"
    if not ranked:
        entry: ExposureEntry = {"model": "NAME", "events": events.file, "metrics": [METRIC]}
        choose = "choose the model with: stratomics exposure --list, add its covariates, and remove the mark of comment"
        return GuessedExposure(Guess(entry, f"{why}; {choose}", sure=False), is_complete=False)
    model, *others = ranked
    covariates = _mapped(model.covariates, columns)
    lacking = [name for name in model.covariates if name not in covariates]
    entry = {"model": model.name, "events": events.file}
    if model.covariates:
        entry["covariates"] = covariates | dict.fromkeys(lacking, "COLUMN")
    entry["metrics"] = [METRIC]
    why += f"; the model is one of {model.drug}, by a name in the table or its file"
    why += f" (others: {', '.join(one.name for one in others)})" if others else ""
    if lacking:
        why += f"; no column of numbers is called {' or '.join(lacking)}: name them, and remove the mark of comment"
    return GuessedExposure(Guess(entry, why, sure=False), is_complete=not lacking)


def _words_of(events: FoundTable) -> set[str]:
    """Words of the name of the file, of the columns, and of cells with text."""
    named = {*words(events.stem), *(word for name in events.frame.columns for word in words(str(name)))}
    for name in events.frame.select_dtypes(object):
        named |= {word for text in events.frame[name].dropna().unique()[:50] for word in words(str(text))}
    return named


def _numeric(frame: pd.DataFrame) -> dict[str, str]:
    """Name in lower case -> column, for columns of numbers without empty cells."""
    return {
        str(name).strip().lower(): str(name)
        for name in frame.columns
        if frame[name].dtype.kind in "iuf" and frame[name].notna().all()
    }


def _mapped(covariates: Sequence[str], columns: Mapping[str, str]) -> dict[str, str]:
    """Covariates of a model -> columns of the same name, or of another name of the same measurement."""
    found = {}
    for covariate in covariates:
        names = {covariate.lower(), *SYNONYMS.get(covariate, set())}
        column = next((columns[name] for name in columns if name in names), None)
        if column is not None:
            found[covariate] = column
    return found
