"""An explanation as a long table: one row per patient, level and item."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from omics.common.table_writer import table_writer
from stratomics.explanation.attribution import Explanation, Level
from stratomics.explanation.levels import FEATURE

__all__ = ["contributions", "write_contributions"]

FEATURES = 50
"""Features of each patient that have a row; the row ``other features`` has the sum of all others."""


def contributions(found: Explanation) -> pd.DataFrame:
    """Write an explanation as a table.

    Parameters
    ----------
    found
        Explanation of n patients.

    Returns
    -------
    pandas.DataFrame
        Columns sample_id, level, kind, name, view, contribution, sd, agreement, stable. Within a patient and level the
        sum of the contributions is the prediction minus the reference, which have rows of the level ``total``. Levels
        ``survival at TIME`` have contributions to the survival probability.
    """
    ids = found.sample_ids
    totals = [
        pd.DataFrame(
            {
                "sample_id": ids,
                "level": "total",
                "kind": kind,
                "name": kind,
                "view": "",
                "contribution": value,
            }
        )
        for kind, value in (
            ("prediction", found.prediction),
            ("reference", np.full(len(ids), found.reference)),
        )
    ]
    parts = [_rows(ids, name, level) for name, level in found.levels.items()]
    parts += _over_time(found)
    return pd.concat([*totals, *parts], ignore_index=True).assign(scale=found.scale)


def _over_time(found: Explanation) -> list[pd.DataFrame]:
    """Rows with contributions to the survival probability at each time."""
    if found.times is None or found.over_time is None:
        return []
    items, n = found.levels["views"].items, len(found.sample_ids)
    return [
        pd.DataFrame(
            {
                "sample_id": np.repeat(found.sample_ids, len(items)),
                "level": f"survival at {time:g}",
                "kind": np.tile([item.kind for item in items], n),
                "name": np.tile([item.name for item in items], n),
                "view": np.tile([item.view for item in items], n),
                "contribution": found.over_time[:, :, number].ravel(),
            }
        )
        for number, time in enumerate(found.times)
    ]


def _rows(ids: np.ndarray[tuple[int], np.dtype[np.str_]], name: str, level: Level) -> pd.DataFrame:
    """Rows of one level; of the features those with the largest contributions to each patient."""
    kinds = np.array([item.kind for item in level.items])
    shown = np.ones(level.value.shape, dtype=bool)
    features = np.flatnonzero(kinds == FEATURE)
    if len(features) > FEATURES:
        rank = np.argsort(np.argsort(-np.abs(level.value[:, features]), axis=1, kind="stable"), axis=1)
        shown[:, features] = rank < FEATURES
    row, column = np.nonzero(shown)
    table = pd.DataFrame(
        {
            "sample_id": ids[row],
            "level": name,
            "kind": kinds[column],
            "name": np.array([item.name for item in level.items])[column],
            "view": np.array([item.view for item in level.items])[column],
            "contribution": level.value[row, column],
            "sd": level.sd[row, column],
            "agreement": level.agreement[row, column],
            "stable": level.stable[row, column],
        }
    )
    if shown.all():
        return table
    rest = np.where(shown, 0.0, level.value).sum(axis=1)
    other = {"sample_id": ids, "level": name, "kind": FEATURE, "name": "other features", "view": ""}
    return pd.concat([table, pd.DataFrame(other | {"contribution": rest})], ignore_index=True)


def write_contributions(out: Path, found: Explanation) -> Path:
    """Write the table of contributions.

    Parameters
    ----------
    out
        Path, ending in ``.parquet`` or ``.csv``.
    found
        Explanation of n patients.

    Returns
    -------
    pathlib.Path
        `out`.

    Raises
    ------
    ConfigError
        If the path has another ending.
    """
    with table_writer(out) as writer:
        writer.add(contributions(found))
    return out
