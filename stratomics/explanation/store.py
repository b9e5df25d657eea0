"""Store what an explanation found about the training cohort of a run, in its folder ``explanation``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from omics.common.files import JsonObject, read_json, read_parquet, staged_folder, write_json, write_parquet
from omics.common.manifest import update_manifest
from stratomics.explanation.result import (
    Change,
    Dependence,
    FeatureReason,
    GlobalImportance,
    Neighbour,
    PatientDetails,
    Rationale,
    Reason,
)

if TYPE_CHECKING:
    from stratomics.runs.run_directory import RunDirectory

__all__ = ["EXPLANATION", "PATIENT_FILES", "StoredExplanation", "load_explanation", "save_explanation"]

EXPLANATION = "explanation"
"""Folder of the explanation in a run."""

ABOUT, IMPORTANCE, EXAMPLES, CONTRIBUTIONS = (
    "about.json",
    "importance.parquet",
    "examples.json",
    "contributions.parquet",
)
PATIENT_FILES = (EXAMPLES, CONTRIBUTIONS)
"""Files with rows of single patients."""


@dataclass(frozen=True)
class StoredExplanation:
    """What is stored of an explanation.

    Attributes
    ----------
    importance
        What matters to the model over all training patients.
    examples
        Details of a few patients.
    contributions
        One row per patient, level and item: sample_id, level, kind, name, view, contribution, sd, agreement, stable.
    reference_patients
        Number of training patients in the reference.
    folds
        Number of outer folds whose models stability includes.
    informative
        Whether out-of-fold predictions were better than chance.
    """

    importance: GlobalImportance
    examples: tuple[PatientDetails, ...]
    contributions: pd.DataFrame
    reference_patients: int
    folds: int
    informative: bool


def save_explanation(run: RunDirectory, stored: StoredExplanation) -> None:
    """Write ``explanation/`` of a run, in place of an earlier one, and the digests of its files into the manifest.

    Parameters
    ----------
    run
        A finished run.
    stored
        The explanation of its training patients.
    """
    found = stored.importance
    about = {
        "agreement": found.agreement,
        "dependence": None if found.dependence is None else _plain(found.dependence),
        "reference_patients": stored.reference_patients,
        "folds": stored.folds,
        "informative": stored.informative,
    }
    with staged_folder(run.path / EXPLANATION) as folder:
        write_json(folder / ABOUT, about)
        write_parquet(folder / IMPORTANCE, found.table)
        write_json(folder / EXAMPLES, {"patients": [asdict(one) for one in stored.examples]})
        write_parquet(folder / CONTRIBUTIONS, stored.contributions)
    for name in (ABOUT, IMPORTANCE, *PATIENT_FILES):
        update_manifest(run.path, f"{EXPLANATION}/{name}")


def load_explanation(run: RunDirectory) -> StoredExplanation | None:
    """Read what :func:`save_explanation` wrote; None for a run that was not explained.

    Raises
    ------
    InputError
        If a file is missing or damaged.
    """
    folder = run.path / EXPLANATION
    if not folder.is_dir():
        return None
    about = read_json(folder / ABOUT)
    dependence = None if about["dependence"] is None else _dependence(about["dependence"])
    return StoredExplanation(
        GlobalImportance(read_parquet(folder / IMPORTANCE), about["agreement"], dependence),
        tuple(_details(one) for one in read_json(folder / EXAMPLES)["patients"]),
        read_parquet(folder / CONTRIBUTIONS),
        about["reference_patients"],
        about.get("folds", 0),
        about["informative"],
    )


def _plain(found: Dependence) -> JsonObject:
    """Values for json."""
    return {
        "names": list(found.names),
        "values": [part.tolist() for part in found.values],
        "alone": [part.tolist() for part in found.alone],
        "together": found.together.tolist(),
        "interaction": found.interaction,
    }


def _dependence(content: Mapping[str, Any]) -> Dependence:
    (first, second), (one, two) = (
        [np.asarray(part, dtype=np.float64) for part in content[key]] for key in ("values", "alone")
    )
    names = (str(content["names"][0]), str(content["names"][1]))
    together = np.asarray(content["together"], dtype=np.float64)
    return Dependence(names, (first, second), (one, two), together, float(content["interaction"]))


def _details(content: Mapping[str, Any]) -> PatientDetails:
    details = PatientDetails(**content)
    return replace(
        details,
        rationale=_rationale(content["rationale"]),
        neighbours=tuple(Neighbour(**one) for one in content["neighbours"]),
        changes=tuple(Change(**one) for one in content["changes"]),
    )


def _rationale(content: Mapping[str, Any]) -> Rationale:
    return replace(
        Rationale(**content),
        views=None if content["views"] is None else _reason(content["views"]),
        support=tuple(map(_reason, content["support"])),
        opposing=tuple(map(_reason, content["opposing"])),
        missing=tuple(content["missing"]),
    )


def _reason(content: Mapping[str, Any]) -> Reason:
    features = tuple(FeatureReason(**one) for one in content["features"])
    return replace(Reason(**content), features=features, members=tuple(content["members"]))
