"""``stratomics verify RUN``: whether a run and its inputs are as the run left them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jsonargparse

from omics.errors import InputError
from omics.files import file_digest
from omics.finding import Finding
from omics.manifest import MANIFEST
from stratomics.cli.run import parsed_words
from stratomics.cli.voice import tell
from stratomics.cli.words import command_parser
from stratomics.run_directory import RunDirectory
from stratomics.verification import verify_run

__all__ = ["build_parser", "verify"]


def verify(arguments: Sequence[str]) -> None:
    """Print every difference; any of them ends in exit code 2."""
    run = RunDirectory(Path(parsed_words(build_parser(), list(arguments), "the command line").run))
    findings = verify_run(run)
    tell([finding.as_dict() for finding in findings], lambda: _show(run, findings))
    if findings:
        raise InputError(f"{run.path}: {len(findings)} difference(s) from what the run left, listed above")


def _show(run: RunDirectory, findings: Sequence[Finding]) -> None:
    for finding in findings:
        print(f"{finding.place}: {finding.sentence}")
    if not findings:
        print(f"{run.path}: inputs, configuration, tables and model are as the run left them")
        print(f"SHA-256 of its {MANIFEST}: {file_digest(run.path / MANIFEST)}")


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the command's words."""
    parser = command_parser(
        "verify",
        "RUN",
        "Computes the digests of inputs, configuration, tables and model again, and says what differs.",
        "runs/tcga_acc-0123456789",
    )
    parser.add_argument("run", type=str, help="a run directory")
    return parser
