"""``stratomics verify RUN``: whether a run and its inputs are as the run left them."""

from __future__ import annotations

import json
from collections.abc import Sequence

import jsonargparse

from omics.errors import InputError
from omics.files import file_digest
from omics.manifest import MANIFEST
from stratomics.cli.run import add_run, parsed_words
from stratomics.find_run import found_run
from stratomics.run_directory import RunDirectory
from stratomics.verification import verify_run

__all__ = ["verify"]


def verify(arguments: Sequence[str]) -> None:
    """Print every difference; any of them ends in exit code 2."""
    given = parsed_words(_parser(), list(arguments), "the command line")
    with found_run(given.run, given.uri) as place:
        findings = verify_run(RunDirectory(place))
        digest = file_digest(place / MANIFEST)
    if given.json:
        print(json.dumps([finding.as_dict() for finding in findings], indent=2, ensure_ascii=False))
    else:
        for finding in findings:
            print(f"{finding.place}: {finding.sentence}")
    if findings:
        raise InputError(f"{given.run}: {len(findings)} difference(s) from what the run left, listed above")
    if not given.json:
        print(f"{given.run}: inputs, configuration, tables and model are as the run left them")
        print(f"SHA-256 of its {MANIFEST}: {digest}")


def _parser() -> jsonargparse.ArgumentParser:
    parser = jsonargparse.ArgumentParser(
        prog="stratomics verify",
        usage="stratomics verify RUN [--json] [--tracking.uri URI]",
        description="Computes the digests of inputs, configuration, tables and model again, and says what differs. "
        "Example: stratomics verify runs/tcga_acc-0123456789",
        exit_on_error=False,
        allow_abbrev=False,
    )
    add_run(parser)
    parser.add_argument("--json", action="store_true", help="differences as json")
    return parser
