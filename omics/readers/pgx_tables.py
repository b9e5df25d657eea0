"""Read tables of diplotypes, phenotypes or activity scores: one column per gene, or one row per patient and gene."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from omics.common.errors import CohortError
from omics.pgx.gene_call import GeneCall
from omics.pgx.matcher import weights_of
from omics.pgx.nomenclature import NO_CALL, readings
from omics.pgx.phenotype import GENES, Phenotype, check_gene, phenotype_of
from omics.pgx.phenotype_names import phenotype_of_score, score_genes, spelled_phenotype
from omics.pgx.score import parse_score
from omics.pgx.tables import DATES
from omics.readers.delimited import MISSING, read_cells, read_header

__all__ = ["Calls", "add_call", "calls_of_table", "diplotype_call", "is_table_of_calls"]

Calls = dict[str, dict[str, GeneCall]]
"""Patient -> gene -> call."""

KINDS = {
    "diplotype": "diplotype",
    "genotype": "diplotype",
    "phenotype": "phenotype",
    "score": "score",
    "activity_score": "score",
    "activity score": "score",
}
"""Name of a column, in lower case -> what it has."""

COLUMN = re.compile(rf"(?P<gene>.+?)[ _](?P<kind>{'|'.join(KINDS)})", re.IGNORECASE)
ENOUGH = 0.5
"""Share of the columns with symbols of genes from which a table has calls."""


def is_table_of_calls(path: Path) -> bool:
    """Whether the header of a delimited file is that of a table of diplotypes, phenotypes or scores."""
    names = read_header(path, comment="").names[1:]
    lower = [name.lower() for name in names]
    if "gene" in lower and set(lower) & set(KINDS):
        return True
    found = [_gene_and_kind(name)[0] in GENES for name in names]
    return bool(found) and sum(found) >= ENOUGH * len(found)


def calls_of_table(path: Path) -> Calls:
    """Read a table of calls; the first column has the patients.

    Parameters
    ----------
    path
        Comma- or tab-separated. Either a column ``gene`` with ``diplotype``, ``phenotype`` or ``score`` beside it, or
        one column per gene, named as the gene or ``GENE diplotype``, ``GENE phenotype``, ``GENE score``. A cell of a
        column with only the name of the gene may have any of the three.

    Returns
    -------
    dict
        Patient -> gene -> call.

    Raises
    ------
    CohortError
        If a gene, allele, phenotype or score is unknown, a phenotype or score contradicts its diplotype, or a patient
        has two diplotypes of a gene.
    """
    header = read_header(path, comment="")
    cells = read_cells(path, header, header.names)
    columns = {name: cells.text(name) for name in header.names}
    patients = columns[header.names[0]]
    rows = _long_rows(columns) if "gene" in map(str.lower, columns) else _wide_rows(columns)
    calls: Calls = {patient: {} for patient in patients}
    if len(calls) < len(patients) and "gene" not in map(str.lower, columns):
        twice = next(name for place, name in enumerate(patients) if name in patients[:place])
        raise CohortError(
            "the patient has two rows; keep one", "duplicate_patient", file=str(path), patient=twice
        )
    for row, gene, texts, column in rows:
        try:
            call = _call(gene, texts)
        except CohortError as error:
            raise _placed(error, path, patients[row], column) from None
        add_call(calls, patients[row], call, str(path))
    return calls


def add_call(calls: Calls, patient: str, call: GeneCall, file: str) -> None:
    """Add the call of a gene to the calls of a patient.

    Parameters
    ----------
    calls
        Patient -> gene -> call; changed.
    patient
        Id of the patient.
    call
        The call.
    file
        Named in errors.

    Raises
    ------
    CohortError
        If the patient already has another call of the gene.
    """
    found = calls.setdefault(patient, {})
    before = found.get(call.gene)
    if before is not None:
        raise CohortError(
            f"{call.gene} has two calls, {_shown(before)} and {_shown(call)}; keep one, or write alternatives in one "
            "cell, separated by ;",
            "two_diplotypes",
            file=file,
            patient=patient,
        )
    found[call.gene] = call


def _shown(call: GeneCall) -> str:
    return next(iter(call.diplotypes), call.phenotype or "none")


def _placed(error: CohortError, path: Path, patient: str, column: str) -> CohortError:
    code = error.code
    return CohortError(error.sentence, code, file=str(path), patient=patient, column=column)


Texts = dict[str, str]
"""``diplotype``, ``phenotype``, ``score`` or ``any`` -> the cell."""


def _long_rows(columns: dict[str, list[str]]) -> Iterator[tuple[int, str, Texts, str]]:
    named = {name.lower(): name for name in columns}
    kinds = {KINDS[lower]: name for lower, name in named.items() if lower in KINDS}
    for row, gene in enumerate(columns[named["gene"]]):
        yield row, gene, {kind: columns[name][row] for kind, name in kinds.items()}, named["gene"]


def _wide_rows(columns: dict[str, list[str]]) -> Iterator[tuple[int, str, Texts, str]]:
    names: dict[str, dict[str, str]] = {}
    for name in list(columns)[1:]:
        gene, kind = _gene_and_kind(name)
        check_gene(gene)
        names.setdefault(gene, {})[kind] = name
    for gene, kinds in names.items():
        for row in range(len(columns[next(iter(kinds.values()))])):
            yield (
                row,
                gene,
                {kind: columns[name][row] for kind, name in kinds.items()},
                next(iter(kinds.values())),
            )


def _gene_and_kind(name: str) -> tuple[str, str]:
    match = COLUMN.fullmatch(name)
    return (match["gene"], KINDS[match["kind"].lower()]) if match else (name, "any")


def _call(gene: str, texts: Texts) -> GeneCall:
    check_gene(gene)
    given = {
        kind: text for kind, text in texts.items() if text not in MISSING and text.lower() not in NO_CALL
    }
    if "any" in given:
        given = {_kind_of(gene, given["any"]): given["any"]}
    score = parse_score(given["score"]) if "score" in given else None
    if "score" in given and score is None:
        raise CohortError(
            f"'{given['score']}' of {gene} is no activity score; write 1.25 or ≥3", "unknown_score"
        )
    stated = spelled_phenotype(gene, given["phenotype"]) if "phenotype" in given else None
    if "diplotype" in given:
        call = diplotype_call(gene, given["diplotype"], "table")
        _check(call, stated, None if score is None else str(score))
        return call
    if score is not None:
        by_score = phenotype_of_score(gene, score)
        if stated not in (None, by_score):
            raise CohortError(
                f"{gene} has the score {score}, which is {by_score} and not {stated}; correct one of the two",
                "contradicting_phenotype",
            )
        stated = by_score
    return GeneCall(gene, "table", phenotype=stated, score=score, why="" if stated else "nothing was called")


def _kind_of(gene: str, text: str) -> str:
    if gene in score_genes() and parse_score(text) is not None:
        return "score"
    try:
        spelled_phenotype(gene, text)
    except CohortError:
        return "diplotype"
    return "phenotype"


def diplotype_call(gene: str, text: str, source: str) -> GeneCall:
    """Make a call of the text of a diplotype.

    Parameters
    ----------
    gene
        Symbol of the gene.
    text
        The diplotype, perhaps with alternatives.
    source
        Where it comes from.

    Returns
    -------
    GeneCall
        Without diplotypes where the text means that nothing was called.

    Raises
    ------
    CohortError
        If an allele is unknown.
    """
    found = readings(gene, text)
    for one in found:
        phenotype_of(gene, one)  # raises for an unknown allele
    return GeneCall(
        gene, source, weights_of(gene, found) if found else {}, why="" if found else "nothing was called"
    )


def _check(call: GeneCall, phenotype: str | None, score: str | None) -> None:
    """Compare a stated phenotype and score with those of the diplotype, by the tables of all dates."""
    if not call.diplotypes or (phenotype is None and score is None):
        return
    possible = [found for name in call.diplotypes for found in _by_date(call.gene, name)]
    if not any(phenotype in (None, one.text) and score in (None, str(one.score)) for one in possible):
        one = possible[0]
        shown = one.text if one.score is None else f"{one.text} ({one.score})"
        wrong = " ".join(text for text in (phenotype, score) if text is not None)
        raise CohortError(
            f"{call.gene} {next(iter(call.diplotypes))} is {shown} by the table of {one.date}, and the file says "
            f"{wrong}; correct one of the two",
            "contradicting_phenotype",
        )


def _by_date(gene: str, diplotype: str) -> Iterator[Phenotype]:
    for date in DATES:
        with suppress(CohortError):  # an allele or gene that the table of this date lacks
            yield phenotype_of(gene, diplotype, date)
