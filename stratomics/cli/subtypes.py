"""``stratomics subtypes COHORT --out DIR``: groups of patients, if there are any, and where new patients belong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import jsonargparse

from omics.common.errors import ConfigError, InputError
from stratomics.cli.run import parse_arguments
from stratomics.cli.screen.output import emit
from stratomics.cli.screen.parser import command_parser

if TYPE_CHECKING:
    from stratomics.strata.groups.subtypes import SubtypeSearch

__all__ = ["build_parser", "subtypes"]

NO_GROUPS = "Gradients, no groups: no number of groups is found again more often than in data without groups."


def subtypes(arguments: Sequence[str]) -> None:
    """Search for groups, print what was found, and write the groups with their model."""
    given = parse_arguments(build_parser(), list(arguments), "the command line")
    numbers, k = _numbers(given.k)
    out = Path(given.out)
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise InputError(f"{out}: it exists and is not empty; name a new folder, or empty this one")
    from omics.cohort.new_patients import read_new_patients
    from omics.cohort.read import read_cohort
    from omics.common.files import staged_folder, write_parquet
    from stratomics.runtime.logs import quiet_libraries
    from stratomics.strata.groups.subtypes import search_subtypes

    quiet_libraries()
    cohort = read_cohort(given.cohort)
    patients = {"patients": cohort} | ({} if given.new is None else {"new": read_new_patients(given.new)})
    found = search_subtypes(cohort, numbers, k, model=given.model, count=given.count, seed=given.seed)
    written: list[str] = []
    if found.subtypes is not None:
        with staged_folder(out) as place:
            found.subtypes.save(place / "model")
            for name, table in patients.items():
                write_parquet(place / f"{name}.parquet", found.subtypes.predict(table))
        written = [str(out / f"{name}.parquet") for name in patients]
    content = {
        "k": None if found.subtypes is None else len(found.subtypes.names),
        "supported_k": found.existence.k,
        "tests": [asdict(test) for test in found.existence.tests],
        "agreement": found.agreement,
        "tables": written,
    }
    emit(content, lambda: _show(found, written))


def _numbers(text: str) -> tuple[tuple[int, ...], int | None]:
    """Numbers of groups to test, and the number that is learned in any case."""
    if match := re.fullmatch(r"(\d+)\.\.(\d+)", text):
        first, last = int(match[1]), int(match[2])
        if first <= last:
            return tuple(range(first, last + 1)), None
    elif text.isdigit():
        return (int(text),), int(text)
    raise ConfigError(f"--k is '{text}'; give a number of groups such as 3, or a range such as 2..6")


def _show(found: SubtypeSearch, written: list[str]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if Console().is_terminal else 120)
    table = Table(
        "groups",
        "prediction strength",
        "p against one cloud",
        "p against axes with one mode",
        title_justify="left",
    )
    for test in found.existence.tests:
        table.add_row(str(test.k), f"{test.strength:.2f}", f"{test.p_cloud:.2f}", f"{test.p_one_mode:.2f}")
    console.print(table)
    if found.existence.k is None:
        print(NO_GROUPS)
    else:
        print(f"The data support {found.existence.k} groups.")
    if found.subtypes is None:
        print("Nothing is written; `--k N` learns N groups all the same.")
        return
    sizes = found.ways["mixture"].value_counts().sort_index()
    print("Patients per group: " + ", ".join(f"S{group} {count}" for group, count in sizes.items()))
    agreement = ", ".join(f"{name} {value:.2f}" for name, value in found.agreement.items())
    print(f"Agreement of other ways of grouping (adjusted Rand index): {agreement}")
    print(*written, sep="\n")


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the command."""
    parser = command_parser(
        "subtypes",
        "COHORT --out DIR [--k N | --k FIRST..LAST] [--new COHORT]",
        "Search for groups of patients in the factors of a cohort, without outcomes: whether there are groups at all, "
        "which, and the probability of each for new patients, who may lack views.",
        "bundled:tcga_acc --k 2 --out acc_subtypes",
    )
    parser.add_argument("cohort", type=str, help="folder with cohort.yaml, the yaml file, or an .h5mu file")
    parser.add_argument("--out", type=str, required=True, help="new folder for the groups and their model")
    parser.add_argument("--k", type=str, default="2..6", help="number of groups, or a range to test")
    parser.add_argument(
        "--new", type=str, default=None, help="cohort of new patients to assign to the groups"
    )
    parser.add_argument("--model", type=str, default="gfa", help="factor model")
    parser.add_argument("--count", type=int, default=15, help="number of factors")
    parser.add_argument("--seed", type=int, default=1, help="seed of everything that is random")
    return parser
