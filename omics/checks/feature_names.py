"""Names of features that a spreadsheet program changed."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from omics.checks.finding import WARNING, Finding
from omics.cohort.read import cohort_spec

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["original_names", "spreadsheet_names"]

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
GENES = {
    "Feb": ("FEB{}",),
    "Mar": ("MARCH{}", "MARC{}"),
    "Apr": ("APR-{}",),
    "Sep": ("SEPT{}",),
    "Oct": ("OCT{}",),
    "Nov": ("NOV{}",),
    "Dec": ("DEC{}",),
}
"""Month -> genes that a spreadsheet takes for a date in it."""

DAY_FIRST = re.compile(rf"(\d{{1,2}})-({'|'.join(MONTHS)})(?:-\d+)?", re.IGNORECASE)
MONTH_FIRST = re.compile(rf"({'|'.join(MONTHS)})-(\d{{1,2}})", re.IGNORECASE)
SERIAL = re.compile(r"[34]\d{4}")
"""A date as a spreadsheet stores it: days since the end of 1899."""

FIRST_DAY = datetime.date(1899, 12, 30)
SHOWN = 5
MOST = 0.5
"""Share of names that look like dates up to which they are mistakes; above it they are the names of the features."""


def spreadsheet_names(cohort: MuData) -> Iterator[Finding]:
    """Find features whose names are dates: a spreadsheet changed the names of genes such as MARCH1 or SEPT2."""
    for view in cohort_spec(cohort).views:
        names = [str(name) for name in cohort[view].var_names]
        found = {name: genes for name in names if (genes := original_names(name))}
        if not found or len(found) > MOST * len(names):
            continue
        shown = ", ".join(f"{name} ({' or '.join(genes)})" for name, genes in list(found.items())[:SHOWN])
        yield Finding(
            "spreadsheet_names",
            WARNING,
            view,
            f"{len(found)} feature name(s) were changed to a date by a spreadsheet program: {shown}"
            f"{', ...' if len(found) > SHOWN else ''}; take the names from the original file",
        )


def original_names(name: str) -> list[str]:
    """Genes that a date in place of a name may have been; empty for a name that is no date.

    Examples
    --------
    >>> original_names("2-Sep"), original_names("43891"), original_names("TP53")
    (['SEPT2'], ['MARCH1', 'MARC1'], [])
    """
    if match := DAY_FIRST.fullmatch(name):
        return _genes(match[2], int(match[1]))
    if match := MONTH_FIRST.fullmatch(name):
        return _genes(match[1], int(match[2]))
    if SERIAL.fullmatch(name):
        date = FIRST_DAY + datetime.timedelta(days=int(name))
        return _genes(MONTHS[date.month - 1], date.day)
    return []


def _genes(month: str, day: int) -> list[str]:
    return [gene.format(day) for gene in GENES.get(month.capitalize(), ())]
