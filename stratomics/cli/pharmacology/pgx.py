"""``stratomics pgx COHORT``: phenotypes and guidance of a cohort; ``--compare OLD NEW``: what a new table changes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import jsonargparse
import pandas as pd

from omics.common.errors import ConfigError
from stratomics.cli.run import parse_arguments
from stratomics.cli.screen.output import emit
from stratomics.cli.screen.parser import command_parser

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["build_parser", "pgx"]

SHOWN = 40
"""Rows of a table on the screen; `--out` writes all."""


def pgx(arguments: Sequence[str]) -> None:
    """Print phenotypes and guidance of a cohort, or the differences between two tables."""
    parser = build_parser()
    words = list(arguments)
    cohort = words.pop(0) if words and not words[0].startswith("-") else ""
    options = parse_arguments(parser, words, "the command line")
    if not cohort and options.compare is None:
        raise ConfigError(f"name a COHORT, or two tables with --compare; usage: {parser.usage}")
    if options.compare is not None:
        if options.drugs is not None:
            raise ConfigError("--compare and --drugs exclude each other; run the command twice")
        _compare(cohort, options.compare[0], options.compare[1], options.out)
    else:
        _guidance(cohort, options.drugs, options.out)


def _guidance(source: str, drugs: str | None, out: str | None) -> None:
    from omics.cohort.read import read_cohort
    from omics.readers.gene_results import gene_results
    from stratomics.pharmacology.guidance import SOURCE, guidance
    from stratomics.pharmacology.medication import read_medication

    cohort = read_cohort(source)
    results = gene_results(cohort)
    medication = None if drugs is None else read_medication(Path(drugs), set(map(str, cohort.obs_names)))
    table = guidance(results, medication)
    written = _write(out, table)
    content = {
        "source": SOURCE,
        "results": _records(results),
        "guidance": _records(table),
        "table": written,
    }

    def show() -> None:
        _print(_phenotypes(results), "Phenotypes")
        _print(
            _recommendations(table) if medication is None else table.drop(columns=["link", "tables", "note"]),
            "Guidance",
        )
        print(SOURCE)
        if written:
            print(written)

    emit(content, show)


def _compare(source: str, old: str, new: str, out: str | None) -> None:
    from omics.cohort.read import read_cohort
    from omics.pgx.tables import CREDIT, RESEARCH_USE
    from omics.readers.gene_results import gene_results
    from stratomics.pharmacology.table_changes import changed_diplotypes, changed_patients, compared_genes

    changes = changed_diplotypes(old, new)
    genes = compared_genes(changes)
    patients = changed_patients(gene_results(read_cohort(source)), changes) if source else None
    rows = changes[changes["changed"]] if patients is None else patients
    written = _write(out, rows.assign(tables=f"{CREDIT}, {old} and {new}", note=RESEARCH_USE))
    line = f"Tables of {CREDIT}, {old} and {new}. {RESEARCH_USE}"
    content = {"source": line, "genes": genes.to_dict("records"), "table": written}
    content |= {} if patients is None else {"patients": patients.to_dict("records")}

    def show() -> None:
        _print(genes, "Diplotypes in both tables, and those whose phenotype or score changed")
        if patients is not None:
            _print(patients, f"Patients of {source} whose phenotype changed: {patients['patient'].nunique()}")
        print(line)
        if written:
            print(written)

    emit(content, show)


def _records(table: pd.DataFrame) -> list[dict[str, object]]:
    """Convert rows to what JSON can hold: a missing number is null."""
    return [
        {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for row in table.to_dict("records")
    ]


def _write(out: str | None, table: pd.DataFrame) -> str | None:
    if out is None:
        return None
    from omics.common.table_writer import table_writer

    with table_writer(Path(out)) as writer:
        writer.add(table)
    return out


def _phenotypes(results: pd.DataFrame) -> pd.DataFrame:
    """Count the patients of each phenotype."""
    counts = results.groupby(["gene", "phenotype"], sort=True).size().rename("patients").reset_index()
    missing = results.groupby("gene")["missing"].mean().rename("missing positions")
    counts["missing positions, mean"] = counts["gene"].map(missing).map("{:.1f}".format)
    return counts


def _recommendations(table: pd.DataFrame) -> pd.DataFrame:
    """Count the patients of each recommendation."""
    columns = ["drug", "recommendation", "strength", "guideline", "version"]
    return table.groupby(columns, sort=True).size().rename("patients").reset_index()


def _print(table: pd.DataFrame, title: str) -> None:
    from rich.console import Console

    console = Console(width=None if Console().is_terminal else 160)
    console.print(_rich(table.head(SHOWN), title))
    if len(table) > SHOWN:
        print(f"The first {SHOWN} of {len(table)} rows; --out FILE.csv writes all patients and drugs.")


def _rich(table: pd.DataFrame, title: str) -> Table:
    from rich.markup import escape
    from rich.table import Table

    shown = Table(*map(str, table.columns), title=escape(title), title_justify="left")
    for row in table.itertuples(index=False, name=None):
        shown.add_row(*(escape(str(value)) for value in row))
    return shown


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the options; COHORT comes before them."""
    parser = command_parser(
        "pgx",
        "COHORT [--drugs CSV] [--out FILE], or stratomics pgx [COHORT] --compare OLD NEW",
        "Phenotypes of pharmacogenes, and guidance for patients and drugs by guidelines of CPIC; or which phenotypes "
        "change between two dates of its tables. Research use only; not for the dosing of patients.",
        "my_cohort --drugs drugs.csv",
    )
    add = parser.add_argument
    add(
        "--drugs",
        type=str | None,
        help="table with the columns patient, drug and, optionally, use: taken at baseline, or planned",
    )
    add("--out", type=str | None, help="csv or parquet file to write all rows to")
    add(
        "--compare",
        type=str | None,
        nargs=2,
        help="two dates of tables, such as 2025-11-05 2026-10-11, or csv files of diplotypes",
    )
    return parser
