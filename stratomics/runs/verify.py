"""Verify a run: compute the digests of its inputs, configuration, tables, model and code again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from omics.checks.finding import ERROR, WARNING, Finding
from omics.common.errors import CohortError, InputError
from omics.common.files import read_json
from omics.common.locked_json import read_locked
from omics.common.manifest import MANIFEST, compare_digests, digests_of, files_of
from stratomics.config import fingerprint_of
from stratomics.runs.run_directory import RunDirectory, input_files, run_digest
from stratomics.runtime.versions import PROJECT, code_digest

__all__ = ["verify_run"]

PANEL = "panel.json"
"""The locked panel, which holds its own digest."""

UNVERIFIED_FILES = (
    "run.log",
    "subgroup.json",
    "design.json",
    "enrichment.json",
    "explorer.json",
    PANEL,
    "panel_curve.json",
    "panel_scores.csv",
)
"""The log may differ between two runs of the same hash; the other files are written later, by `stratomics enrich` and
`stratomics panel`."""

SENTENCES = {
    "missing": "the file is missing",
    "changed": "the content has changed",
    "added": "the file was not part of the run",
}


def verify_run(run: RunDirectory) -> list[Finding]:
    """Compare a finished run, its cohort and the installed code with what the manifest of the run records.

    Parameters
    ----------
    run
        A finished run.

    Returns
    -------
    list of Finding
        Errors: ``file_missing``, ``file_changed``, ``file_added`` for the run directory (tables, model, report);
        ``unreadable`` and ``other_configuration``; ``input_missing``, ``input_changed``, ``input_added`` and
        ``inputs_not_found`` for the cohort; ``panel_changed`` for a locked panel that was edited, or that belongs to
        other patients. Warning: ``code_changed``, if the installed code is not the code of the
        run; the saved files remain valid, but another run may differ. An empty list if there is no difference.

    Raises
    ------
    InputError
        If the run has no manifest.
    """
    manifest = read_json(run.path / MANIFEST)
    if not {"run", "files", "inputs"} <= set(manifest):
        raise InputError(f"{run.path / MANIFEST}: not the manifest of a run; restore the file")
    findings = [*_check_files(run, manifest), *_check_panel(run)]
    try:
        return [
            *findings,
            *_check_configuration(run, manifest),
            *_check_inputs(run, manifest),
            *_check_code(run),
        ]
    except InputError as error:
        return [*findings, Finding("unreadable", ERROR, str(run.path), str(error))]


def _check_files(run: RunDirectory, manifest: Mapping[str, Any]) -> Iterator[Finding]:
    files = {name: path for name, path in files_of(run.path).items() if name not in UNVERIFIED_FILES}
    for name, difference in compare_digests(manifest["files"], digests_of(files)).items():
        yield Finding(f"file_{difference}", ERROR, name, SENTENCES[difference])


def _check_panel(run: RunDirectory) -> Iterator[Finding]:
    if not (run.path / PANEL).is_file():
        return
    try:
        panel = read_locked(run.path / PANEL, "panel")
    except InputError as error:
        yield Finding("panel_changed", ERROR, PANEL, str(error))
        return
    if panel.get("cohort_digest") != run.provenance.get("cohort_digest"):
        yield Finding("panel_changed", ERROR, PANEL, "the panel was learned from other patients than the run")


def _check_configuration(run: RunDirectory, manifest: Mapping[str, Any]) -> Iterator[Finding]:
    facts = run.provenance
    digest = run_digest(
        fingerprint_of(run.config),
        str(facts.get("cohort_digest")),
        facts.get("packages") or {},
        facts.get("code") or {},
    )
    if digest != manifest["run"]:
        sentence = (
            "the configuration, the digest of the cohort, the versions of packages or the digest of the code "
            "are not those that named this run"
        )
        yield Finding("other_configuration", ERROR, "config.yaml", sentence)


def _check_inputs(run: RunDirectory, manifest: Mapping[str, Any]) -> Iterator[Finding]:
    cohort = str(run.config.get("cohort"))
    try:
        digests = digests_of(input_files(cohort, (run.config.get("split") or {}).get("external")))
    except CohortError as error:
        yield Finding("inputs_not_found", ERROR, cohort, error.sentence)
        return
    except FileNotFoundError as error:
        yield Finding("input_missing", ERROR, str(error.filename), SENTENCES["missing"])
        return
    for name, difference in compare_digests(manifest["inputs"], digests).items():
        yield Finding(f"input_{difference}", ERROR, f"{cohort}: {name}", SENTENCES[difference])


def _check_code(run: RunDirectory) -> Iterator[Finding]:
    for name, digest in (run.provenance.get("code") or {}).items():
        if code_digest(name) != digest:
            subject = (
                "the installed code of stratomics" if name == PROJECT else f"the registered module '{name}'"
            )
            yield Finding(
                "code_changed",
                WARNING,
                name,
                f"{subject} is not the code of this run; the saved results are those of the code at that time, and "
                "a new run gets another name",
            )
