"""``stratomics verify RUN``: check that a run and its inputs are unchanged."""

from __future__ import annotations

from collections.abc import Sequence

import jsonargparse

from omics.checks.finding import ERROR, Finding
from omics.common.errors import InputError
from omics.common.files import file_digest
from omics.common.manifest import MANIFEST
from stratomics.cli.run import add_run, parse_arguments
from stratomics.cli.screen.output import emit
from stratomics.cli.screen.parser import command_parser
from stratomics.runs.run_directory import RunDirectory
from stratomics.runs.verify import verify_run
from stratomics.tracking.find_run import open_run

__all__ = ["build_parser", "verify"]


def verify(arguments: Sequence[str]) -> None:
    """Print every difference; an error, but not a warning, ends in exit code 2."""
    given = parse_arguments(build_parser(), list(arguments), "the command line")
    with open_run(given.run, given.uri) as place:
        findings = verify_run(RunDirectory(place))
        errors = [finding for finding in findings if finding.severity == ERROR]
        digest = file_digest(place / MANIFEST) if not errors else ""
    emit([finding.as_dict() for finding in findings], lambda: _show(given.run, findings, digest))
    if errors:
        raise InputError(f"{given.run}: {len(errors)} difference(s) since the end of the run, listed above")


def _show(run: str, findings: Sequence[Finding], digest: str) -> None:
    for finding in findings:
        print(f"{finding.place}: {finding.sentence}")
    if digest:
        print(f"{run}: inputs, configuration, tables and model are unchanged since the end of the run")
        print(f"SHA-256 of its {MANIFEST}: {digest}")


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the command."""
    parser = command_parser(
        "verify",
        "RUN [--tracking.uri URI]",
        "Compute the digests of inputs, configuration, tables and model again, and list the differences.",
        "runs/tcga_acc-0123456789",
    )
    add_run(parser)
    return parser
