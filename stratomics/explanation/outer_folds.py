"""What all outer folds of a run say, in its folder ``folds``: contributions over folds, and importance by fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.common.files import read_parquet, read_state, write_parquet, write_state
from stratomics.explanation.levels import FEATURE, ExplainedItem
from stratomics.explanation.stability import FoldSummary, standard_ranks

if TYPE_CHECKING:
    from datamodules.split import Fold

__all__ = ["FOLDS", "NAMED_LEVELS", "FoldExplanation", "OuterFolds"]

Array = NDArray[np.float64]

FOLDS = "folds"
"""Folder in a run."""

NAME, CONTRIBUTIONS, IMPORTANCE = "contributions", "contributions.parquet", "importance.parquet"

NAMED_LEVELS = ("sources", "views", "features")
"""Levels whose items are the same in all folds; factors are not."""

FIGURES = ["mean", "sd", "error", "positive", "negative", "rank"]


@dataclass(frozen=True)
class FoldExplanation:
    """What the model of an outer fold says.

    Attributes
    ----------
    sample_ids
        Patients whose predictions are explained.
    items
        Level -> its items.
    values
        Level -> (n, items) contributions.
    importance
        From :func:`stratomics.explanation.importance.permutation_importance`.
    """

    sample_ids: Sequence[str]
    items: Mapping[str, Sequence[ExplainedItem]]
    values: Mapping[str, NDArray[np.float32]]
    importance: pd.DataFrame

    def save(self, folder: Path) -> None:
        """Write ``contributions.json``, ``contributions.safetensors`` and ``importance.parquet``."""
        items = {level: [list(item) for item in items] for level, items in self.items.items()}
        write_state(folder, NAME, {"sample_ids": list(self.sample_ids), "items": items}, dict(self.values))
        write_parquet(folder / IMPORTANCE, self.importance)

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Read what :meth:`save` wrote; None if it was not called."""
        if not (folder / IMPORTANCE).is_file():
            return None
        settings, arrays = read_state(folder, NAME)
        items = {level: [ExplainedItem(*item) for item in settings["items"][level]] for level in NAMED_LEVELS}
        values = {level: arrays[level].astype(np.float32) for level in NAMED_LEVELS}
        return cls(settings["sample_ids"], items, values, read_parquet(folder / IMPORTANCE))


@dataclass(frozen=True)
class OuterFolds:
    """What the models of the outer folds of a run say.

    Attributes
    ----------
    contributions
        One row per patient and item, for features only where all folds agree on the sign: sample_id, level, kind, name,
        view, and the figures of :class:`stratomics.explanation.stability.FoldSummary`. None if rows of patients are not
        there.
    importance
        Importance by fold: kind, name, view, features, importance, repeat, fold, ratio (of the number of test patients
        to that of training patients).
    """

    contributions: pd.DataFrame | None
    importance: pd.DataFrame

    @classmethod
    def of(cls, folds: Sequence[tuple[Fold, FoldExplanation]]) -> Self:
        """Summarise outer folds, at least one, that explained the same patients."""
        ratios = np.array([len(fold.test) / len(fold.train) for fold, _ in folds])
        importance = [
            found.importance.assign(repeat=fold.repeat, fold=fold.number, ratio=ratio)
            for (fold, found), ratio in zip(folds, ratios, strict=True)
        ]
        levels = [_of_level([found for _, found in folds], ratios, level) for level in NAMED_LEVELS]
        return cls(pd.concat(levels, ignore_index=True), pd.concat(importance, ignore_index=True))

    def save(self, run: Path) -> None:
        """Write ``folds/`` of a run."""
        assert self.contributions is not None
        (run / FOLDS).mkdir()
        write_parquet(run / FOLDS / CONTRIBUTIONS, self.contributions)
        write_parquet(run / FOLDS / IMPORTANCE, self.importance)

    @classmethod
    def load(cls, run: Path) -> Self | None:
        """Read what :meth:`save` wrote; None for a run of an older version."""
        folder = run / FOLDS
        if not (folder / IMPORTANCE).is_file():
            return None
        # A record in MLflow may have no rows of patients.
        there = (folder / CONTRIBUTIONS).is_file()
        return cls(read_parquet(folder / CONTRIBUTIONS) if there else None, read_parquet(folder / IMPORTANCE))

    @property
    def folds(self) -> int:
        """Number of outer folds."""
        return len(self.importance[["repeat", "fold"]].drop_duplicates())

    def at(
        self, level: str, sample_ids: NDArray[np.str_], items: Sequence[ExplainedItem]
    ) -> FoldSummary | None:
        """Look up the contributions of items to the predictions of patients.

        Parameters
        ----------
        level
            Name of a level.
        sample_ids
            (n,) patients.
        items
            Items of this level.

        Returns
        -------
        FoldSummary or None
            None for a level whose items are not the same in all folds.
        """
        if self.contributions is None or level not in NAMED_LEVELS:
            return None
        rows = self.contributions[self.contributions["level"] == level]
        row = pd.Index(sample_ids).get_indexer(pd.Index(rows["sample_id"].astype(str)))
        column = pd.MultiIndex.from_tuples(items).get_indexer(
            pd.MultiIndex.from_frame(rows[["kind", "name", "view"]].astype(str))
        )
        there = (row >= 0) & (column >= 0)
        arrays = []
        for figure in FIGURES:
            values = np.full((len(sample_ids), len(items)), np.nan)
            values[row[there], column[there]] = rows[figure].to_numpy(dtype=np.float64)[there]
            arrays.append(values)
        return FoldSummary(self.folds, *arrays)


def _of_level(folds: Sequence[FoldExplanation], ratios: Array, level: str) -> pd.DataFrame:
    """Summarise one level, by the items that all folds have."""
    shared = set.intersection(*(set(one.items[level]) for one in folds))
    items = [item for item in folds[0].items[level] if item in shared]
    values = np.stack([_selected(one, level, items) for one in folds])
    count, mean = len(values), values.mean(axis=0)
    positive, negative = (values > 0).sum(axis=0), (values < 0).sum(axis=0)
    figures = {"mean": mean, "positive": positive, "negative": negative}
    figures["sd"] = values.std(axis=0, ddof=1) if count > 1 else np.zeros_like(mean)
    # A jackknife that leaves out d of n patients has the variance (n - d) / d times the mean square.
    figures["error"] = np.sqrt(((values - mean) ** 2 / ratios[:, None, None]).mean(axis=0))
    figures["rank"] = standard_ranks(values).mean(axis=0) if level == "views" else np.zeros_like(mean)
    feature = np.array([item.kind == FEATURE for item in items])
    row, column = np.nonzero((np.maximum(positive, negative) == count) | ~feature)
    keys = {"sample_id": np.array(folds[0].sample_ids, dtype=object)[row], "level": level}
    for place, name in enumerate(ExplainedItem._fields):
        keys[name] = np.array([item[place] for item in items], dtype=object)[column]
    return pd.DataFrame(keys | {name: figures[name][row, column].astype(np.float32) for name in FIGURES})


def _selected(one: FoldExplanation, level: str, items: Sequence[ExplainedItem]) -> Array:
    place = {item: column for column, item in enumerate(one.items[level])}
    chosen: Array = one.values[level][:, [place[item] for item in items]].astype(np.float64)
    return chosen
