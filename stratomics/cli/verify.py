"""``stratomics verify RUN``: whether a run and its inputs are as the run left them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from omics.errors import ConfigError, InputError
from omics.files import file_digest
from omics.manifest import MANIFEST
from stratomics.run_directory import RunDirectory
from stratomics.verification import verify_run

__all__ = ["verify"]

USAGE = """usage: stratomics verify RUN [--json]

Computes the digests of inputs, configuration, tables and model again, and says what differs.
example: stratomics verify runs/tcga_acc-0123456789"""


def verify(arguments: Sequence[str]) -> None:
    """Print every difference; any of them ends in exit code 2."""
    words = [word for word in arguments if word != "--json"]
    if "--help" in words or "-h" in words:
        print(USAGE)
        return
    if len(words) != 1 or words[0].startswith("-"):
        raise ConfigError(USAGE)
    run = RunDirectory(Path(words[0]))
    findings = verify_run(run)
    if "--json" in arguments:
        print(json.dumps([finding.as_dict() for finding in findings], indent=2, ensure_ascii=False))
    else:
        for finding in findings:
            print(f"{finding.place}: {finding.sentence}")
    if findings:
        raise InputError(f"{run.path}: {len(findings)} difference(s) from what the run left, listed above")
    if "--json" not in arguments:
        print(f"{run.path}: inputs, configuration, tables and model are as the run left them")
        print(f"SHA-256 of its {MANIFEST}: {file_digest(run.path / MANIFEST)}")
