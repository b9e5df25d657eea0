"""``stratomics verify RUN``: whether a run and its inputs are as the run left them."""

from __future__ import annotations

from collections.abc import Sequence

import jsonargparse

from omics.checks.finding import Finding
from omics.common.errors import InputError
from omics.common.files import file_digest
from omics.common.manifest import MANIFEST
from stratomics.cli.output import emit
from stratomics.cli.parser import command_parser
from stratomics.cli.run import add_run, parsed_words
from stratomics.runs.run_directory import RunDirectory
from stratomics.runs.verify import verify_run
from stratomics.tracking.find_run import open_run

__all__ = ["build_parser", "verify"]


def verify(arguments: Sequence[str]) -> None:
    """Print every difference; any of them ends in exit code 2."""
    given = parsed_words(build_parser(), list(arguments), "the command line")
    with open_run(given.run, given.uri) as place:
        findings = verify_run(RunDirectory(place))
        digest = file_digest(place / MANIFEST) if not findings else ""
    emit([finding.as_dict() for finding in findings], lambda: _show(given.run, findings, digest))
    if findings:
        raise InputError(f"{given.run}: {len(findings)} difference(s) from what the run left, listed above")


def _show(run: str, findings: Sequence[Finding], digest: str) -> None:
    for finding in findings:
        print(f"{finding.place}: {finding.sentence}")
    if not findings:
        print(f"{run}: inputs, configuration, tables and model are as the run left them")
        print(f"SHA-256 of its {MANIFEST}: {digest}")


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the command's words."""
    parser = command_parser(
        "verify",
        "RUN [--tracking.uri URI]",
        "Computes the digests of inputs, configuration, tables and model again, and says what differs.",
        "runs/tcga_acc-0123456789",
    )
    add_run(parser)
    return parser
