"""Rules of CPIC guidelines as a dated table: which class of recommendation follows from which results."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from omics.common.errors import CohortError, nearest
from omics.pgx.phenoconversion import interacting_drugs
from omics.pgx.phenotype import INDETERMINATE
from omics.pgx.tables import read_rows

__all__ = [
    "GUIDELINES_DATE",
    "LOG_DATE",
    "Guideline",
    "Rule",
    "Withheld",
    "check_drug",
    "genes_of_drug",
    "guideline_of_drug",
    "guidelines",
    "known_drugs",
    "rules",
    "withheld",
]

TABLES = Path(__file__).parent / "tables"
GUIDELINES_DATE = "2024-03-25"
"""Date of CPIC's recommendations; its log of changes has none for these drugs up to LOG_DATE."""

LOG_DATE = "2026-04-30"

LEVEL = "A"
"""CPIC level of all pairs of drug and gene in the table."""


@dataclass(frozen=True)
class Guideline:
    """A guideline of CPIC: title with the patients it is for, version (year of publication), PubMed id and link."""

    guideline: str
    title: str
    version: str
    pmid: str
    link: str


@dataclass(frozen=True)
class Rule:
    """One recommendation.

    Attributes
    ----------
    drug, guideline
        Drug, and key of its guideline.
    conditions
        (gene, alternatives): each gene must have one of its results. A result is a phenotype, ``Indeterminate`` (or
        not tested), ``score 1.5``, or ``not`` and a phenotype.
    action
        Class of the recommendation.
    strength
        CPIC's strength: strong, moderate or optional.
    """

    drug: str
    guideline: str
    conditions: tuple[tuple[str, tuple[str, ...]], ...]
    action: str
    strength: str


@lru_cache
def guidelines() -> dict[str, Guideline]:
    """Key -> guideline."""
    return {row["guideline"]: Guideline(**row) for row in read_rows(TABLES / "guidelines.csv")}


@lru_cache
def rules() -> dict[str, tuple[Rule, ...]]:
    """Drug -> its rules; the first one that applies counts."""
    found: dict[str, list[Rule]] = {}
    for row in read_rows(TABLES / "guidance.csv"):
        conditions = tuple(
            (row[f"gene{place}"], tuple(row[f"result{place}"].split("|")))
            for place in "12"
            if row[f"gene{place}"]
        )
        rule = Rule(row["drug"], row["guideline"], conditions, row["action"], row["strength"])
        found.setdefault(row["drug"], []).append(rule)
    return {drug: tuple(several) for drug, several in found.items()}


@dataclass(frozen=True)
class Withheld:
    """A drug with a guideline whose recommendations are not in the table, and why."""

    drug: str
    guideline: str
    genes: str
    why: str


@lru_cache
def withheld() -> dict[str, Withheld]:
    """Drug -> why it has no recommendation."""
    return {row["drug"]: Withheld(**row) for row in read_rows(TABLES / "withheld.csv")}


def genes_of_drug(drug: str) -> tuple[str, ...]:
    """Genes that the guideline of a drug uses."""
    if drug in withheld():
        return tuple(withheld()[drug].genes.split())
    return tuple(dict.fromkeys(gene for rule in rules()[drug] for gene, _ in rule.conditions))


def guideline_of_drug(drug: str) -> Guideline:
    """Guideline of a drug."""
    key = withheld()[drug].guideline if drug in withheld() else rules()[drug][0].guideline
    return guidelines()[key]


def known_drugs() -> tuple[str, ...]:
    """Drugs with a guideline, or with an interaction."""
    return tuple(sorted({*rules(), *withheld(), *interacting_drugs()}))


def check_drug(drug: str, file: str, patient: str) -> None:
    """Check that a drug is known.

    Parameters
    ----------
    drug
        Name, in lower case.
    file, patient
        Named in errors.

    Raises
    ------
    CohortError
        With the nearest known name.
    """
    if drug not in known_drugs():
        close = nearest(drug, known_drugs())
        hint = close if close.startswith("did") else "leave out drugs without guidance or interaction"
        raise CohortError(f"unknown drug '{drug}'; {hint}", "unknown_drug", file=file, patient=patient)


def holds(result: str, phenotype: str, score: str) -> bool:
    """Whether a phenotype and its score meet a result of a rule; an indeterminate one meets ``Indeterminate`` only.

    Parameters
    ----------
    result
        A result of a rule.
    phenotype, score
        Of a patient; `score` is empty where there is none.

    Returns
    -------
    bool
        Whether they agree.

    Examples
    --------
    >>> holds("not *57:01 positive", "no risk allele", ""), holds("score 1.5", "Intermediate Metabolizer", "1")
    (True, False)
    """
    present = phenotype.split(", ")
    if INDETERMINATE in (phenotype, result):
        return phenotype == result
    if result.startswith("score "):
        return result.removeprefix("score ") == score
    if result.startswith("not "):
        return result.removeprefix("not ") not in present
    return result in present
