"""``stratomics verify RUN``: whether a run and its inputs are as the run left them."""

from __future__ import annotations

from collections.abc import Sequence

import jsonargparse

from omics.errors import InputError
from omics.files import file_digest
from omics.finding import Finding
from omics.manifest import MANIFEST
from stratomics.cli.run import add_run, parsed_words
from stratomics.cli.voice import tell
from stratomics.cli.words import command_parser
from stratomics.find_run import found_run
from stratomics.run_directory import RunDirectory
from stratomics.verification import verify_run

__all__ = ["build_parser", "verify"]


def verify(arguments: Sequence[str]) -> None:
    """Print every difference; any of them ends in exit code 2."""
    given = parsed_words(build_parser(), list(arguments), "the command line")
    with found_run(given.run, given.uri) as place:
        findings = verify_run(RunDirectory(place))
        digest = file_digest(place / MANIFEST) if not findings else ""
    tell([finding.as_dict() for finding in findings], lambda: _show(given.run, findings, digest))
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
