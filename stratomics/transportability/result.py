"""Result of a transport: how a model of one cohort does in another, stored in its run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from omics.common.files import read_json, write_json
from omics.common.json_objects import from_json, to_json
from omics.common.manifest import update_manifest
from stratomics.evaluation.comparison import MetricEstimates
from stratomics.transportability.external import External
from stratomics.transportability.groups import Groups
from stratomics.transportability.learning_curve import LearningCurve
from stratomics.transportability.recalibration import Recalibration
from stratomics.transportability.shift import Shift
from stratomics.transportability.sites import SiteSummary

if TYPE_CHECKING:
    from stratomics.runs.run_directory import RunDirectory

__all__ = ["FOLDER", "Transport", "TransportRequest", "load_transports", "save_transport"]

FOLDER = "transport"
"""Folder of a run that holds one json file per other cohort."""


@dataclass(frozen=True)
class TransportRequest:
    """What is asked.

    Attributes
    ----------
    groups
        Names of groups; None for sex, age, site and arm, as far as they are recorded.
    recalibrate
        Whether intercept and slope are estimated in the other cohort.
    learning_curve
        Whether the loss against the number of training patients is measured.
    """

    groups: tuple[str, ...] | None = None
    recalibrate: bool = False
    learning_curve: bool = False


@dataclass(frozen=True)
class Transport:
    """How the model of a run does in another cohort.

    Attributes
    ----------
    cohort, digest
        Name of the other cohort, and the SHA-256 of its files.
    endpoint, kind, unit
        Endpoint, its kind, and its unit of time (None for a response).
    horizon
        Time at which survival is evaluated; None for a response.
    training_patients
        Patients with the endpoint in the run.
    training
        Metric -> estimate of the run, out of fold, from its ``metrics.json``.
    training_expected
        Discrimination that the case mix of the run lets one expect.
    external
        The other cohort.
    groups
        Its groups.
    shift
        Covariate shift; None for a run without factors of its evaluated patients.
    recalibration
        Intercept and slope; None if not asked, or if they cannot be estimated.
    sites
        Sites of the run; None if it has fewer than two.
    other_sites
        Sites of the other cohort.
    learning
        Learning curve; None if not asked, or without factors.
    notes
        Sentences on differences of the inputs, and on what could not be computed.
    """

    cohort: str
    digest: str
    endpoint: str
    kind: str
    unit: str | None
    horizon: float | None
    training_patients: int
    training: MetricEstimates
    training_expected: float
    external: External
    groups: Groups
    shift: Shift | None
    recalibration: Recalibration | None
    sites: SiteSummary | None
    other_sites: SiteSummary | None
    learning: LearningCurve | None
    notes: tuple[str, ...]


def save_transport(run: RunDirectory, result: Transport) -> Path:
    """Write a result into its run, in place of an earlier one for a cohort of this name.

    Parameters
    ----------
    run
        The run.
    result
        Its result.

    Returns
    -------
    pathlib.Path
        ``transport/COHORT.json`` of the run.
    """
    name = re.sub(r"[^\w.-]+", "_", result.cohort).strip(".") or "cohort"
    path = run.path / FOLDER / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    write_json(path, to_json(result))
    update_manifest(run.path, f"{FOLDER}/{path.name}")
    return path


def load_transports(run: RunDirectory) -> list[Transport]:
    """Read all results of a run, in the order of their files; empty if there are none.

    Raises
    ------
    InputError
        If a file is not as :func:`save_transport` wrote it.
    """
    results = []
    for path in sorted((run.path / FOLDER).glob("*.json")):
        content = read_json(path)
        content.pop("schema_version", None)
        results.append(from_json(Transport, content))
    return results
