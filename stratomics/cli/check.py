"""``stratomics check COHORT``: the problems of a cohort that should be known before modelling."""

from __future__ import annotations

from collections.abc import Sequence

import jsonargparse
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from omics.checks.finding import ERROR, INFO, Finding
from omics.common.errors import InputError
from stratomics.api.check import findings_of
from stratomics.cli.run import parse_arguments
from stratomics.cli.screen.output import emit
from stratomics.cli.screen.parser import command_parser

__all__ = ["build_parser", "check"]


def check(arguments: Sequence[str]) -> None:
    """Print every finding; a cohort with errors ends in exit code 2."""
    cohort = parse_arguments(build_parser(), list(arguments), "the command line").cohort
    findings = findings_of(cohort)
    emit([finding.as_dict() for finding in findings], lambda: _show(findings, cohort))
    errors = [finding for finding in findings if finding.severity == ERROR]
    if errors:
        raise InputError(f"{cohort}: {len(errors)} error(s) listed above; correct them before modelling")


def _show(findings: list[Finding], cohort: str) -> None:
    console = Console(width=None if Console().is_terminal else 120)
    facts = [finding for finding in findings if finding.severity == INFO]
    others = [finding for finding in findings if finding.severity != INFO]
    if facts:
        console.print(_table("Contents of the cohort", facts))
    if others:
        console.print(_table("Please check before modelling", others))
    elif facts:
        console.print("No errors or warnings.")
    if not any(finding.severity == ERROR for finding in findings):
        print(f"Then: stratomics run {cohort}")


def _table(title: str, findings: list[Finding]) -> Table:
    table = Table(title=title, title_justify="left", show_lines=True)
    table.add_column("code", no_wrap=True)
    table.add_column("place")
    table.add_column("finding")
    for finding in findings:
        # Text from files must not be read as markup.
        table.add_row(escape(finding.code), escape(finding.place), escape(finding.sentence))
    return table


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the command."""
    parser = command_parser(
        "check",
        "COHORT",
        "Check a cohort before modelling. Lists all errors, warnings and facts. Exits with code 2 if there are errors.",
        "my_cohort",
    )
    parser.add_argument("cohort", type=str, help="folder with cohort.yaml, the yaml file, or an .h5mu file")
    return parser
