"""What a search for groups found and what the groups mean: typed results and tables, and the folder with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from omics.common.errors import InputError
from omics.common.files import read_json, read_parquet, write_json, write_parquet
from omics.common.json_objects import from_json, to_json
from stratomics.strata.groups.arm_interaction import GroupInteraction
from stratomics.strata.groups.existence import Existence
from stratomics.strata.groups.given_labels import LabelAccuracy
from stratomics.strata.groups.loss_against_factors import MetricLoss
from stratomics.strata.groups.markers import Marker
from stratomics.strata.groups.outcomes import GroupResponse, GroupTest
from stratomics.strata.groups.overlap import LabelOverlap, SiteOverlap

__all__ = [
    "FINDINGS",
    "Findings",
    "LabelFindings",
    "NamedOverlap",
    "OutcomeByGroup",
    "PatientTables",
    "StoredGroups",
    "TemplateFindings",
    "load_groups",
    "save_groups",
]

FINDINGS = "subtypes.json"
TABLES = ("groups", "factors", "features", "outcomes")


@dataclass(frozen=True)
class OutcomeByGroup:
    """One endpoint of the groups.

    Attributes
    ----------
    name, kind, unit
        Name of the endpoint, ``survival`` or ``response``, and its unit of time.
    test
        Test of no difference between the groups, within sites; None if they cannot be compared.
    rates
        Response of each group; empty for survival.
    losses
        What groups lose against the continuous factors.
    interaction
        Effect of the treatment in each group; None without arms.
    notes
        Sentences on what could not be computed.
    """

    name: str
    kind: str
    unit: str
    test: GroupTest | None
    rates: tuple[GroupResponse, ...]
    losses: tuple[MetricLoss, ...]
    interaction: GroupInteraction | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class NamedOverlap:
    """Agreement of the groups with the labels of one column."""

    name: str
    overlap: LabelOverlap


@dataclass(frozen=True)
class LabelFindings:
    """Published labels, learned from the factors: column, classes, accuracy out of fold, and warnings."""

    column: str
    classes: tuple[str, ...]
    accuracy: LabelAccuracy
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class TemplateFindings:
    """Nearest templates of the patients.

    Attributes
    ----------
    view
        View with the values.
    matched, features
        Number of template features that it has, and of all.
    counts
        One row per template: patients, and those with a false discovery rate below 0.05.
    overlap
        Agreement with the groups; None without groups.
    """

    view: str
    matched: int
    features: int
    counts: pd.DataFrame
    overlap: LabelOverlap | None


@dataclass(frozen=True)
class Findings:
    """All that one search for groups found, without data of single patients.

    Attributes
    ----------
    cohort, title, digest
        Name and title of the cohort, and digest of its files.
    patients, known
        Number of patients, and of those with a view.
    model, factors, seed
        Factor model, number of factors that count, and seed.
    existence
        Test of each number of groups.
    sizes
        Group -> number of patients; empty without groups.
    agreement
        Other way of grouping -> its adjusted Rand index with the groups.
    outcomes
        One per endpoint.
    sites
        Agreement with sites; None with one site.
    overlaps
        Agreement with labels that the patients have.
    markers
        Features of a view that differ between groups that were learned without the view.
    labels
        Published labels that were learned; None unless they were asked for.
    templates
        Nearest templates; None unless they were asked for.
    notes
        Sentences on what could not be computed.
    """

    cohort: str
    title: str
    digest: str
    patients: int
    known: int
    model: str
    factors: int
    seed: int
    existence: Existence
    sizes: Mapping[str, int]
    agreement: Mapping[str, float]
    outcomes: tuple[OutcomeByGroup, ...]
    sites: SiteOverlap | None
    overlaps: tuple[NamedOverlap, ...]
    markers: tuple[Marker, ...]
    labels: LabelFindings | None
    templates: TemplateFindings | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class PatientTables:
    """Tables with one row per patient with a view, in the same order; each begins with ``sample_id``.

    Attributes
    ----------
    groups
        Group by each way of grouping, and of the mixture with each number of groups (``k2``, ``k3`` ...).
    factors
        Coordinates in the space in which patients are grouped.
    features
        Harmonized values of the features that differ most between the groups, ``VIEW: FEATURE``.
    outcomes
        Endpoints, arm, site and covariates, as in a run directory.
    extra
        Name of a file -> further tables: predictions of the groups, labels and templates, for patients and new ones.
    """

    groups: pd.DataFrame
    factors: pd.DataFrame
    features: pd.DataFrame
    outcomes: pd.DataFrame
    extra: Mapping[str, pd.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True)
class StoredGroups:
    """Findings and the tables that figures are drawn from."""

    findings: Findings
    tables: PatientTables


def save_groups(folder: Path, stored: StoredGroups) -> None:
    """Write ``subtypes.json`` and one parquet file per table.

    Parameters
    ----------
    folder
        An existing folder.
    stored
        What to write.
    """
    for name in TABLES:
        write_parquet(folder / f"{name}.parquet", getattr(stored.tables, name))
    for name, table in stored.tables.extra.items():
        write_parquet(folder / f"{name}.parquet", table)
    write_json(folder / FINDINGS, to_json(stored.findings))


def load_groups(folder: Path) -> StoredGroups | None:
    """Read what :func:`save_groups` wrote, without the further tables; None for a folder without findings."""
    place = folder / FINDINGS
    if not place.is_file():
        return None
    try:
        findings = from_json(Findings, read_json(place))
    except InputError as error:
        raise InputError(f"{place}: {error}; run `stratomics subtypes` again") from None
    groups, factors, features, outcomes = (read_parquet(folder / f"{name}.parquet") for name in TABLES)
    return StoredGroups(findings, PatientTables(groups, factors, features, outcomes))
