"""Write what may change after a run is finished: verdict, description, report, and what `stratomics enrich` found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omics.common.files import file_digest
from omics.common.manifest import MANIFEST
from stratomics.enrichment.result import EnrichmentResult
from stratomics.enrichment.store import DESIGN, ENRICHMENT, EXPLORER, SUBGROUP, load_enrichment
from stratomics.report.sections.subtypes import FOLDER
from stratomics.runtime.versions import PROJECT
from stratomics.strata.groups.findings import FINDINGS, load_groups
from stratomics.tracking.description import run_description, run_verdict
from stratomics.tracking.metric_names import enrichment_metrics, group_metrics
from stratomics.tracking.mlflow_store import DESCRIPTION, log_numbers

if TYPE_CHECKING:
    from stratomics.runs.run_directory import RunDirectory

__all__ = ["REWRITTEN", "log_results"]

REWRITTEN = ("report.html", SUBGROUP, DESIGN, ENRICHMENT, EXPLORER, MANIFEST)
"""Files that `stratomics report` and `stratomics enrich` write; none has data of single patients."""


def log_results(client: Any, mlflow_run: str, run: RunDirectory) -> None:
    """Write the results of a run as its folder holds them now, and its rewritten files.

    Parameters
    ----------
    client
        MLflow's client.
    mlflow_run
        Id of the MLflow run.
    run
        The complete run.
    """
    for name in REWRITTEN:
        if (run.path / name).is_file():
            client.log_artifact(mlflow_run, str(run.path / name))
    if (result := load_enrichment(run)) is not None:
        metrics = [(name, value, 0) for name, value in enrichment_metrics(result)]
        log_numbers(client, mlflow_run, metrics=metrics)
    if (stored := load_groups(run.path / FOLDER)) is not None:
        client.log_artifact(mlflow_run, str(run.path / FOLDER / FINDINGS), FOLDER)
        log_numbers(
            client, mlflow_run, metrics=[(name, value, 0) for name, value in group_metrics(stored.findings)]
        )
    for key, value in _tags(run).items():
        client.set_tag(mlflow_run, key, value)


def _tags(run: RunDirectory) -> dict[str, str]:
    tags = {DESCRIPTION: run_description(run), "stratomics.verdict": run_verdict(run)}
    if version := (run.provenance.get("packages") or {}).get(PROJECT):
        tags["stratomics.version"] = str(version)
    if (run.path / MANIFEST).is_file():
        tags["manifest_digest"] = file_digest(run.path / MANIFEST)
    result = load_enrichment(run)
    if isinstance(result, EnrichmentResult) and result.run is not None:
        tags["stratomics.rule"] = result.subgroup.label
        tags["stratomics.evidence"] = result.run.evidence_grade.partition(", for it")[0]
    return tags
