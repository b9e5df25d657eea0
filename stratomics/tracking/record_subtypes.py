"""Record a search for groups of patients in MLflow: settings, figures, page and findings."""

from __future__ import annotations

import logging
from pathlib import Path

from stratomics.config import TrackingConfig
from stratomics.report.sections.subtypes import group_sentences
from stratomics.strata.groups.findings import FINDINGS, StoredGroups
from stratomics.tracking.metric_names import group_metrics
from stratomics.tracking.mlflow_store import (
    DESCRIPTION,
    client_of,
    experiment_id,
    first_line,
    log_numbers,
    source_tags,
)

__all__ = ["record_subtypes"]

log = logging.getLogger(__name__)

SUBTYPES = "stratomics.subtypes"
"""Tag with the name of the folder of a search."""
WITHOUT_PATIENTS = ("report.html", FINDINGS)


def record_subtypes(folder: Path, stored: StoredGroups, tracking: TrackingConfig) -> None:
    """Record a finished search; when MLflow fails, there is a warning.

    Parameters
    ----------
    folder
        Folder of the search.
    stored
        What was found.
    tracking
        Store and experiment. The page is sent if it may hold data of single patients, which its figures show.
    """
    try:
        _record(folder, stored, tracking)
    except Exception as error:  # noqa: BLE001  # the stores of MLflow raise many kinds of errors
        log.warning(
            "MLflow at %s could not record (%s); everything stays in %s",
            tracking.uri,
            first_line(error),
            folder,
        )


def _record(folder: Path, stored: StoredGroups, tracking: TrackingConfig) -> None:
    findings = stored.findings
    client, name = client_of(tracking.uri), folder.resolve().name
    tags = {
        SUBTYPES: name,
        "cohort_digest": findings.digest,
        DESCRIPTION: "\n\n".join(group_sentences(stored)),
        **source_tags("subtypes"),
    }
    run = client.create_run(experiment_id(client, tracking.experiment), run_name=name, tags=tags).info.run_id
    params = {"cohort": findings.cohort, "model": findings.model, "seed": findings.seed}
    log_numbers(client, run, params, [(key, value, 0) for key, value in group_metrics(findings)])
    for file in WITHOUT_PATIENTS if tracking.patient_data else (FINDINGS,):
        client.log_artifact(run, str(folder / file))
    client.set_terminated(run)
