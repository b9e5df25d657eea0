"""Whether a run is what it was: digests of its inputs, configuration, tables and model, computed again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from omics.checks.finding import ERROR, Finding
from omics.common.errors import CohortError, InputError
from omics.common.files import read_json
from omics.common.manifest import MANIFEST, compare_digests, digests_of, files_of
from stratomics.config import fingerprint_of
from stratomics.runs.run_directory import RunDirectory, input_files, run_digest

__all__ = ["verify_run"]

NOT_OF_THE_RUN = ("run.log", "subgroup.json", "design.json", "enrichment.json", "explorer.json")
"""The log tells of every attempt, so that it may differ between two runs of one hash; what is decided comes later."""

SENTENCES = {
    "missing": "it is not there any more",
    "changed": "its bytes are others than they were",
    "added": "it was not there",
}


def verify_run(run: RunDirectory) -> list[Finding]:
    """Compare a finished run, and the cohort where it now lies, with what the run wrote into its manifest.

    Returns
    -------
    list of Finding
        All of them errors: ``file_missing``, ``file_changed``, ``file_added`` of the run directory (tables, model,
        report); ``unreadable`` and ``other_configuration``; ``input_missing``, ``input_changed``, ``input_added`` and
        ``inputs_not_found`` of the cohort. Nothing where all is as it was.

    Raises
    ------
    InputError
        If the run has no manifest.
    """
    manifest = read_json(run.path / MANIFEST)
    if not {"run", "files", "inputs"} <= set(manifest):
        raise InputError(f"{run.path / MANIFEST}: not the manifest of a run; restore the file")
    found = list(_of_files(run, manifest))
    try:
        return [*found, *_of_configuration(run, manifest), *_of_inputs(run, manifest)]
    except InputError as error:
        return [*found, Finding("unreadable", ERROR, str(run.path), str(error))]


def _of_files(run: RunDirectory, manifest: Mapping[str, Any]) -> Iterator[Finding]:
    files = {name: path for name, path in files_of(run.path).items() if name not in NOT_OF_THE_RUN}
    for name, what in compare_digests(manifest["files"], digests_of(files)).items():
        yield Finding(f"file_{what}", ERROR, name, SENTENCES[what])


def _of_configuration(run: RunDirectory, manifest: Mapping[str, Any]) -> Iterator[Finding]:
    facts = run.provenance
    found = run_digest(
        fingerprint_of(run.config), str(facts.get("cohort_digest")), facts.get("packages") or {}
    )
    if found != manifest["run"]:
        sentence = (
            "configuration, digest of the cohort and releases of packages are not those that named this run"
        )
        yield Finding("other_configuration", ERROR, "config.yaml", sentence)


def _of_inputs(run: RunDirectory, manifest: Mapping[str, Any]) -> Iterator[Finding]:
    place = str(run.config.get("cohort"))
    try:
        found = digests_of(input_files(place, (run.config.get("split") or {}).get("external")))
    except CohortError as error:
        yield Finding("inputs_not_found", ERROR, place, error.sentence)
        return
    except FileNotFoundError as error:
        yield Finding("input_missing", ERROR, str(error.filename), SENTENCES["missing"])
        return
    for name, what in compare_digests(manifest["inputs"], found).items():
        yield Finding(f"input_{what}", ERROR, f"{place}: {name}", SENTENCES[what])
