"""``stratomics check COHORT``: what a careful statistician would look at before modelling."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from omics.check import check_cohort
from omics.errors import ConfigError, InputError
from omics.finding import ERROR, INFO, Finding

__all__ = ["check"]

USAGE = "usage: stratomics check COHORT [--json], where COHORT is a folder with cohort.yaml, the yaml, or an .h5mu file"


def check(arguments: Sequence[str]) -> None:
    """Print every finding; a cohort with errors ends in exit code 2, all of them listed."""
    words = [word for word in arguments if word != "--json"]
    if "--help" in words or "-h" in words:
        print(USAGE)
        return
    if len(words) != 1 or words[0].startswith("-"):
        raise ConfigError(USAGE)
    findings = check_cohort(words[0])
    if "--json" in arguments:
        print(json.dumps([finding.as_dict() for finding in findings], indent=2, ensure_ascii=False))
    else:
        _show(findings)
    errors = [finding for finding in findings if finding.severity == ERROR]
    if errors:
        raise InputError(
            f"{words[0]}: {len(errors)} error(s) listed above; mend them before anything is modelled"
        )


def _show(findings: list[Finding]) -> None:
    console = Console(width=None if Console().is_terminal else 120)
    facts = [finding for finding in findings if finding.severity == INFO]
    others = [finding for finding in findings if finding.severity != INFO]
    if facts:
        console.print(_table("What the cohort holds", facts))
    if others:
        console.print(_table("What wants a look before modelling", others))
    elif facts:
        console.print("Nothing else to look at.")


def _table(title: str, findings: list[Finding]) -> Table:
    table = Table(title=title, title_justify="left", show_lines=True)
    table.add_column("what", no_wrap=True)
    table.add_column("where")
    table.add_column("finding")
    for finding in findings:
        # Text from files is no markup.
        table.add_row(escape(finding.code), escape(finding.place), escape(finding.sentence))
    return table
