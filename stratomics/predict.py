"""Prediction of new patients with a finished run, block by block, into the same tables as those of a run."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.prediction import Prediction
from omics.common.errors import InputError
from omics.common.files import digest_files, read_json
from omics.common.manifest import MANIFEST, compare_digests, digests_of, files_of
from omics.common.table_writer import TableWriter, table_writer
from stratomics.enrichment.selection.eligible import with_eligible
from stratomics.enrichment.selection.subgroup import Subgroup
from stratomics.enrichment.store import load_subgroup
from stratomics.evaluation.comparison import OURS

if TYPE_CHECKING:
    from mudata import MuData

    from stratomics.fitting.fitted import Fitted

__all__ = ["Written", "find_model", "locked_rule", "predict_blocks", "with_rule", "write_predictions"]

log = logging.getLogger(__name__)

BLOCK = 2048
"""Patients that are read and predicted together. They are consecutive, because a chunked store reads whole chunks."""


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes
    ----------
    tables
        Paths of the tables.
    patients, abstained
        Number of patients, and of those for whom the model abstains.
    means
        Column -> mean over the patients with a value; columns of numbers and of yes and no.
    """

    tables: list[Path]
    patients: int
    abstained: int
    means: dict[str, float]


def find_model(place: Path) -> Path:
    """Find the folder of a model: the given folder, or that of a run directory, which must be unchanged.

    Raises
    ------
    InputError
        If there is no model, or if it changed since the run wrote it.
    """
    if (place / "network.json").is_file():
        return place
    model = place / "model"
    if not (model / "network.json").is_file():
        raise InputError(f"{place}: neither a finished run directory nor the folder of a model")
    # Without a manifest there is nothing to compare with.
    if (place / MANIFEST).is_file():
        files = read_json(place / MANIFEST).get("files") or {}
        declared = {name: digest for name, digest in files.items() if name.startswith("model/")}
        actual = digests_of({f"model/{name}": path for name, path in files_of(model).items()})
        for name, change in compare_digests(declared, actual).items():
            raise InputError(
                f"{place / name}: {change} since the run wrote its model; restore it, or run again"
            )
    return model


def predict_blocks(
    model: Fitted, cohort: MuData, size: int = BLOCK, method: str = OURS
) -> Iterator[Prediction]:
    """Predict patients in blocks, in their order, so that views on disk need not fit in memory.

    A model that adapts to new sites (``harmonize.adapt``) needs all patients at once, so that there is one block.

    Parameters
    ----------
    model
        Fitted model.
    cohort
        New patients.
    size
        Number of patients per block.
    method
        ``stratomics``, or a candidate that predicts alone.

    Yields
    ------
    Prediction
        Prediction of one block.
    """
    if model.encoders[0].harmonizer.config.adapt:
        size = max(cohort.n_obs, 1)
    for start in range(0, cohort.n_obs, size):
        yield model.predict(cohort[np.arange(start, min(start + size, cohort.n_obs))], method)


def locked_rule(model: Path, columns: Iterable[str]) -> tuple[Subgroup, str] | None:
    """Find the subgroup rule that `stratomics enrich` locked for a model.

    Parameters
    ----------
    model
        Folder of the model; the rule is next to it.
    columns
        Columns of the predictions. A rule on a marker is ignored, because predictions do not contain the marker.

    Returns
    -------
    tuple or None
        The rule and the digest of the model; None if there is no rule that applies.
    """
    path = model.with_name("subgroup.json")
    if not path.is_file():
        return None
    rule = load_subgroup(path)
    if rule.score not in set(columns):
        log.warning(
            "the locked rule needs '%s', which is not predicted; the table does not show eligibility",
            rule.score,
        )
        return None
    return rule, digest_files([model])


def with_rule(blocks: Iterable[Prediction], rule: Subgroup, digest: str) -> Iterator[Prediction]:
    """Add the columns ``eligible`` and ``agreement`` to predictions.

    Parameters
    ----------
    blocks
        Predictions.
    rule
        Locked rule.
    digest
        Digest of the model that predicts.

    Yields
    ------
    Prediction
        Prediction of one block, with eligibility.
    """
    for block in blocks:
        yield Prediction(with_eligible(block.patients, rule, digest), block.long)


def write_predictions(out: Path, blocks: Iterable[Prediction]) -> Written:
    """Write blocks of predictions to a table, and each long table next to it, such as ``NAME.survival.parquet``.

    Parameters
    ----------
    out
        Path of the table, ending in ``.parquet`` or ``.csv``; long tables have the same ending.
    blocks
        Predictions with equal columns.

    Returns
    -------
    Written
        The tables, and the numbers of patients.

    Raises
    ------
    ConfigError
        If the path has another ending.
    """
    tables: dict[Path, TableWriter] = {}
    patients = abstained = 0
    sums: defaultdict[str, float] = defaultdict(float)
    counts: defaultdict[str, int] = defaultdict(int)
    with ExitStack() as stack:
        tables[out] = stack.enter_context(table_writer(out))
        for block in blocks:
            long = {
                out.with_name(f"{out.stem}.{name}{out.suffix}"): rows for name, rows in block.long.items()
            }
            for path, rows in {out: block.patients, **long}.items():
                if path not in tables:
                    tables[path] = stack.enter_context(table_writer(path))
                tables[path].add(rows)
            patients += len(block.patients)
            # The column is absent if the model has no ood score.
            abstained += int(block.patients["abstain"].sum()) if "abstain" in block.patients else 0
            numbers = block.patients.select_dtypes(["number", "bool"]).drop(
                columns=["repeat", "fold"], errors="ignore"
            )
            for column, values in numbers.items():
                sums[str(column)] += float(values.sum())
                counts[str(column)] += int(values.count())
    means = {column: sums[column] / counts[column] for column in sums if counts[column]}
    return Written(list(tables), patients, abstained, means)
