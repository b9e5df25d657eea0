"""``stratomics.pgx``: pharmacogenes of a cohort, guidance, doses by genotype, and sizes of genotype-guided trials.

Research use only; nothing here is for the dosing of patients.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from omics.common.registry import lazy_getattr
from omics.pgx.matcher import weights_of
from omics.pgx.nomenclature import readings
from omics.pgx.phenotype import check_gene, phenotype_of
from omics.readers.gene_results import gene_results
from stratomics.api.tools.stored_factors import checked_cohort
from stratomics.enrichment.design.events import interaction_events
from stratomics.enrichment.design.genotype_guided import genotype_trials
from stratomics.enrichment.design.setting import AssumedEffect, Economics
from stratomics.pharmacology.dose_error import dose_errors, equity_sentences
from stratomics.pharmacology.dose_model import cross_validated_doses, fit_dose_model
from stratomics.pharmacology.guidance import guidance as guidance_of
from stratomics.pharmacology.medication import checked_medication
from stratomics.pharmacology.table_changes import changed_diplotypes, changed_patients
from stratomics.pharmacology.warfarin import warfarin_dose

if TYPE_CHECKING:
    from mudata import MuData

__all__ = [
    "compare",
    "cross_validated_doses",
    "dose_errors",
    "equity_sentences",
    "fit_dose_model",
    "guidance",
    "interaction_events",
    "phenotype",
    "results",
    "trials",
    "warfarin_dose",
]

if not TYPE_CHECKING:
    # A misspelt name gets a suggestion; type checkers find it by themselves.
    __getattr__ = lazy_getattr(__name__, {name: f"{__name__}:{name}" for name in __all__})


def __dir__() -> list[str]:
    return sorted(__all__)


def phenotype(gene: str, diplotype: str) -> pd.DataFrame:
    """Phenotype and activity score of a diplotype.

    Parameters
    ----------
    gene
        Symbol of the gene, such as ``CYP2D6``.
    diplotype
        Such as ``*1/*4x2``; alternatives are separated by ``;``.

    Returns
    -------
    DataFrame
        One row per diplotype that the text can mean: ``weight``, ``phenotype``, ``score``, ``date`` of the table.

    Examples
    --------
    >>> phenotype("CYP2D6", "*1/*36+*10").loc["*1/*36+*10", "score"]
    '1.25'
    """
    check_gene(gene)
    found = readings(gene, diplotype)
    rows = {}
    for name, weight in (weights_of(gene, found) if found else {}).items():
        one = phenotype_of(gene, name)
        score = "" if one.score is None else str(one.score)
        rows[name] = {"weight": weight, "phenotype": one.text, "score": score, "date": one.date}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["weight", "phenotype", "score", "date"])


def results(cohort: MuData) -> pd.DataFrame:
    """Diplotype, phenotype and score of each patient and gene.

    Parameters
    ----------
    cohort
        A cohort with a view of the format pgx.

    Returns
    -------
    DataFrame
        One row per patient and gene, with the reason where a patient is indeterminate.
    """
    return gene_results(checked_cohort(cohort))


def guidance(cohort: MuData, drugs: pd.DataFrame | None = None) -> pd.DataFrame:
    """Recommendation of guidelines for each patient and drug.

    Parameters
    ----------
    cohort
        A cohort with a view of the format pgx.
    drugs
        ``patient``, ``drug`` and, optionally, ``use``: ``taken`` at baseline or ``planned``. All drugs with guidance if
        left out.

    Returns
    -------
    DataFrame
        As from :func:`stratomics.pharmacology.guidance.guidance`.
    """
    found = results(cohort)
    medication = None
    if drugs is not None:
        medication = checked_medication(drugs, set(map(str, cohort.obs_names)), "drugs")
    return guidance_of(found, medication)


def compare(old: str, new: str, cohort: MuData | None = None) -> pd.DataFrame:
    """Phenotypes that change between two dates of the tables.

    Parameters
    ----------
    old, new
        Dates, or csv files of diplotypes.
    cohort
        A cohort with a view of the format pgx; its patients are compared.

    Returns
    -------
    DataFrame
        Diplotypes, or patients of the cohort, whose phenotype or score changes.
    """
    changes = changed_diplotypes(old, new)
    if cohort is None:
        return changes[changes["changed"]].drop(columns="changed").reset_index(drop=True)
    return changed_patients(results(cohort), changes)


def trials(
    carriers: float,
    hazard_ratio: float,
    others: float = 1.0,
    event_probability: float = 0.5,
    patient_cost: float = 1.0,
    test_cost: float = 0.0,
) -> pd.DataFrame:
    """Sizes of trials for an effect in carriers of a genotype, at a power of 0.8 and a two-sided level of 0.05.

    Parameters
    ----------
    carriers
        Share of carriers.
    hazard_ratio, others
        Hazard ratio of treated to control in carriers, and in others.
    event_probability
        Share of patients with an event by the analysis.
    patient_cost, test_cost
        Cost of a patient and of a genotype.

    Returns
    -------
    DataFrame
        ``design``, ``events``, ``patients``, ``tested``, ``cost``.

    Examples
    --------
    >>> table = trials(0.04, 0.5).set_index("design")
    >>> round(float(table.loc["interaction of genotype and arm", "events"]), 1)
    1701.7
    """
    effect, costs = AssumedEffect(hazard_ratio, others), Economics(patient=patient_cost, test=test_cost)
    return pd.DataFrame(
        [vars(trial) for trial in genotype_trials(carriers, effect, event_probability, costs)]
    )
