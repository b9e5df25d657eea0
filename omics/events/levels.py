"""Levels of a table of events: which ones count, and which ones are below the limit of quantification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from omics.events.cells import numbers_of
from omics.events.event_table import LEVEL
from omics.events.refuse import refuse_rows
from omics.readers.declared_text import LIMIT
from omics.readers.notes import attach_notes

__all__ = ["read_levels"]

if TYPE_CHECKING:
    from collections.abc import Mapping


def read_levels(rows: pd.DataFrame, cells: Mapping[str, pd.Series[Any]], file: str) -> pd.DataFrame:
    """Read the columns DV, MDV, BLQ, CENS and LLOQ, each of which may be absent.

    Parameters
    ----------
    rows
        Columns ``patient``, ``row`` and ``kind`` of the events.
    cells
        Name of a column -> its cells; other columns are ignored.
    file
        Named in errors.

    Returns
    -------
    DataFrame
        The columns ``level``, ``observed``, ``censored`` and ``limit`` of
        :class:`omics.events.event_table.EventTable`, with notes.

    Raises
    ------
    CohortError
        If a level that counts is negative, or below a limit that is not given.
    """
    absent = pd.Series(np.nan, rows.index)
    written = cells.get("DV", absent)
    matches = written.map(lambda cell: LIMIT.fullmatch(cell) if isinstance(cell, str) else None)
    below = matches.map(lambda match: np.nan if match is None else float(match[1])).astype(float)
    level = numbers_of(rows, written.where(matches.isna()), "DV", file)
    missing = _codes(rows, cells, "MDV", file)
    flagged = below.notna() | (_codes(rows, cells, "BLQ", file) == 1) | _is_censored(rows, cells, file)
    may_count = (rows["kind"] == LEVEL) & (missing.fillna(0) == 0)
    limit = below.fillna(numbers_of(rows, cells.get("LLOQ", absent), "LLOQ", file))
    notes = []
    if "CENS" in cells:
        # Programs that write CENS put the limit into DV.
        from_level = may_count & flagged & limit.isna() & (level > 0)
        limit = limit.where(~from_level, level)
        notes += _counted(from_level, "level(s) with CENS 1 and without LLOQ have the limit in DV")
    if unflagged := _counted(
        may_count & ~flagged & (level < limit), "level(s) are below LLOQ, and count as such"
    ):
        notes += unflagged
        flagged |= level < limit
    censored = may_count & flagged
    no_limit = "the level is below the limit of quantification, which is not given; add a column LLOQ"
    refuse_rows(rows, censored & ~(limit > 0), "level_without_limit", no_limit, file)
    observed = may_count & (censored | level.notna())
    negative = "the level is {level:g}; give levels as measured, before any logarithm, and mark missing ones by MDV 1"
    refuse_rows(
        rows.assign(level=level), observed & ~censored & (level < 0), "negative_level", negative, file
    )
    notes += _counted(
        may_count & ~observed & (missing == 0), "row(s) with MDV 0 have no level and do not count"
    )
    notes += _counted(
        (rows["kind"] != LEVEL) & (missing == 0) & (level != 0) & level.notna(),
        "row(s) with EVID other than 0 have a level, which does not count",
    )
    kept = level.where((rows["kind"] == LEVEL) & (level >= 0)).where(~censored, limit)
    table = pd.DataFrame({"level": kept, "observed": observed, "censored": censored, "limit": limit})
    return attach_notes(table, notes)


def _counted(found: pd.Series[bool], what: str) -> list[str]:
    return [f"{int(found.sum())} {what}"] if found.any() else []


def _codes(rows: pd.DataFrame, cells: Mapping[str, pd.Series[Any]], name: str, file: str) -> pd.Series[float]:
    """Numbers of a column of 0 and 1, NaN where it is absent."""
    if name not in cells:
        return pd.Series(np.nan, rows.index)
    codes = numbers_of(rows, cells[name], name, file)
    sentence = "{column} is {code:g}; write 0 or 1"
    wrong = codes.notna() & ~codes.isin([0, 1])
    refuse_rows(rows.assign(column=name, code=codes), wrong, "unknown_event_code", sentence, file)
    return codes


def _is_censored(rows: pd.DataFrame, cells: Mapping[str, pd.Series[Any]], file: str) -> pd.Series[bool]:
    if "CENS" not in cells:
        return pd.Series(False, rows.index)
    above = numbers_of(rows, cells["CENS"], "CENS", file) == -1
    sentence = (
        "CENS is -1, a level above a limit, which no model here reads; leave the level out, or set MDV 1"
    )
    refuse_rows(rows, above, "level_above_limit", sentence, file)
    return _codes(rows, cells, "CENS", file) == 1
