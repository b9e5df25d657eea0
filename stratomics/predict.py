"""New patients through a finished run: block by block, into the same tables that a run leaves."""

from __future__ import annotations

import logging
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

if TYPE_CHECKING:
    from mudata import MuData

    from stratomics.fitting.fitted import Fitted

__all__ = ["Written", "find_model", "locked_rule", "predict_blocks", "with_rule", "write_predictions"]

log = logging.getLogger(__name__)

BLOCK = 2048
"""Patients that are read and predicted together. They are neighbours: a chunked store reads whole chunks."""


@dataclass(frozen=True)
class Written:
    """The tables that were written, of how many patients, and about how many of them the model abstains."""

    tables: list[Path]
    patients: int
    abstained: int


def find_model(place: Path) -> Path:
    """Find the folder of a model: itself, or that of a run directory, where it has to be as the run left it.

    Raises
    ------
    InputError
        If there is no model, or if it differs from what the run wrote.
    """
    if (place / "network.json").is_file():
        return place
    model = place / "model"
    if not (model / "network.json").is_file():
        raise InputError(f"{place}: neither a finished run directory nor the folder of a model")
    # Release 0.1.0 wrote no manifest.
    if (place / MANIFEST).is_file():
        files = read_json(place / MANIFEST).get("files") or {}
        declared = {name: own for name, own in files.items() if name.startswith("model/")}
        found = digests_of({f"model/{name}": path for name, path in files_of(model).items()})
        for name, what in compare_digests(declared, found).items():
            raise InputError(
                f"{place / name}: {what} since the run wrote its model; restore it, or run again"
            )
    return model


def predict_blocks(model: Fitted, cohort: MuData, size: int = BLOCK) -> Iterator[Prediction]:
    """Predict `size` patients at a time, in their order, so that views on disk need not fit in memory.

    A model that adapts to new sites (``harmonize.adapt``) learns them from all patients at once, and has one block.
    """
    if model.encoders[0].harmonizer.config.adapt:
        size = max(cohort.n_obs, 1)
    for start in range(0, cohort.n_obs, size):
        yield model.predict(cohort[np.arange(start, min(start + size, cohort.n_obs))])


def locked_rule(model: Path, columns: Iterable[str]) -> tuple[Subgroup, str] | None:
    """Find the rule that `stratomics enrich` locked beside a model, with the model's digest; None where there is none.

    A rule on a marker is none either: the marker is not among the `columns` of predictions.
    """
    path = model.with_name("subgroup.json")
    if not path.is_file():
        return None
    rule = Subgroup.load(path)
    if rule.score not in set(columns):
        log.warning(
            "the locked rule asks for '%s', which is not predicted; nobody is said to be eligible", rule.score
        )
        return None
    return rule, digest_files([model])


def with_rule(blocks: Iterable[Prediction], rule: Subgroup, digest: str) -> Iterator[Prediction]:
    """Add ``eligible`` and ``agreement`` to the rows of patients."""
    for block in blocks:
        yield Prediction(with_eligible(block.patients, rule, digest), block.long)


def write_predictions(out: Path, blocks: Iterable[Prediction]) -> Written:
    """Write blocks of predictions into `out`, and each long table beside it as ``NAME.survival.parquet`` and the like.

    Parameters
    ----------
    out
        Ends in ``.parquet`` or ``.csv``, and so do the long tables.
    blocks
        All of the same columns.

    Raises
    ------
    ConfigError
        Another ending.
    """
    tables: dict[Path, TableWriter] = {}
    patients = abstained = 0
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
            # Release 0.1.0 never abstained.
            abstained += int(block.patients["abstain"].sum()) if "abstain" in block.patients else 0
    return Written(list(tables), patients, abstained)
