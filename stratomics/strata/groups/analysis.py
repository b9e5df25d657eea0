"""Search for groups of patients, and find out what they mean: all that ``stratomics subtypes`` computes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datamodules.config import HarmonizeConfig
from models.factors import FACTOR_MODELS
from omics.checks.circular import features_that_repeat
from omics.cohort.read import cohort_digest, cohort_spec
from omics.common.errors import ConfigError, DataError, nearest
from omics.common.files import write_state, write_text
from omics.common.registry import resolve
from omics.common.seeds import named_generator, named_seed
from omics.modalities import MODALITIES
from stratomics.runs.patients_table import patients_table
from stratomics.strata.groups.factor_space import Coordinates, FactorSpace
from stratomics.strata.groups.findings import (
    Findings,
    LabelFindings,
    PatientTables,
    StoredGroups,
    TemplateFindings,
    save_groups,
)
from stratomics.strata.groups.given_labels import GivenLabels
from stratomics.strata.groups.markers import markers_of_left_out_views, top_features
from stratomics.strata.groups.meaning import label_overlaps, outcomes_of_groups, overlap_with_sites
from stratomics.strata.groups.mixture import GroupMixture
from stratomics.strata.groups.overlap import label_overlap
from stratomics.strata.groups.subtypes import SubtypeSearch, search_subtypes
from stratomics.strata.groups.templates import NearestTemplates, nearest_template, read_templates

if TYPE_CHECKING:
    from mudata import MuData

    from datamodules.batch import Batch

__all__ = ["GroupAnalysis", "GroupSettings", "analyse_groups"]

TRIAL = "trial.csv"
DISCOVERY = 0.05
"""False discovery rate below which the nearest template counts."""


@dataclass(frozen=True)
class GroupSettings:
    """Settings of an analysis.

    Attributes
    ----------
    numbers, k
        Numbers of groups to test, and the number that is learned in any case.
    model, count, harmonize, seed
        As for :func:`stratomics.strata.groups.subtypes.search_subtypes`.
    labels
        Column of the samples table with published labels to learn.
    templates
        Table of published signatures.
    """

    numbers: tuple[int, ...] = (2, 3, 4, 5, 6)
    k: int | None = None
    model: str = "gfa"
    count: int = 15
    harmonize: HarmonizeConfig | None = None
    seed: int = 1
    labels: str | None = None
    templates: Path | None = None


@dataclass(frozen=True)
class GroupAnalysis:
    """Findings and tables, the search that they are from, and published labels, if they were learned."""

    stored: StoredGroups
    search: SubtypeSearch
    labels: GivenLabels | None

    @property
    def trial(self) -> pd.DataFrame | None:
        """Outcomes, arm and probabilities, for ``stratomics enrich --table``; None without arms or groups."""
        tables = self.stored.tables
        if "arm" not in tables.outcomes or self.search.subtypes is None:
            return None
        return tables.outcomes.merge(tables.extra["patients"], on="sample_id")

    def save(self, folder: Path) -> None:
        """Write findings, tables and, if there are groups or labels, ``model/`` into an existing folder."""
        save_groups(folder, self.stored)
        if (trial := self.trial) is not None:
            write_text(folder / TRIAL, trial.to_csv(index=False))
        if self.search.subtypes is not None:
            self.search.subtypes.save(folder / "model")
        if self.labels is not None:
            self.search.factors.save(folder / "model")
            write_state(folder / "model", "labels", *self.labels.to_state())


def analyse_groups(
    cohort: MuData, settings: GroupSettings, new: Mapping[str, MuData] | None = None
) -> GroupAnalysis:
    """Search for groups without outcomes, and then compare them with outcomes, arms, sites and labels.

    Parameters
    ----------
    cohort
        The patients.
    settings
        What to search for.
    new
        Name -> new patients, who get predictions.

    Returns
    -------
    GroupAnalysis
        The search, and what the groups mean.

    Raises
    ------
    ConfigError
        If the column of labels does not exist.
    DataError
        If groups or labels cannot be learned.
    """
    label = None if settings.labels is None else _label_column(cohort, settings.labels)
    templates = None if settings.templates is None else _templates(cohort, settings.templates, settings.seed)
    search = search_subtypes(
        cohort,
        settings.numbers,
        settings.k,
        model=settings.model,
        count=settings.count,
        harmonize=settings.harmonize,
        seed=settings.seed,
    )
    batch = search.factors.harmonizer.transform(cohort)
    places = search.factors.of_batch(batch)
    given = None if label is None else GivenLabels.fit(places.mean, label, seed=settings.seed)
    group = _groups(search, places)
    names = [] if search.subtypes is None else search.subtypes.names
    group_name = np.array([*names, None], dtype=object)[group]
    markers, notes = _markers(search, settings, batch, group)
    findings = Findings(
        cohort=cohort_spec(cohort).name,
        title=cohort_spec(cohort).title,
        digest=cohort_digest(cohort),
        patients=cohort.n_obs,
        known=int(places.known.sum()),
        model=settings.model,
        factors=len(search.factors.space.names),
        seed=settings.seed,
        existence=search.existence,
        sizes={name: int((group == number).sum()) for number, name in enumerate(names)},
        agreement=search.agreement,
        outcomes=outcomes_of_groups(cohort, group_name, places.mean, settings.seed) if names else (),
        sites=overlap_with_sites(cohort, group_name, settings.seed) if names else None,
        overlaps=label_overlaps(cohort, group_name, settings.labels) if names else (),
        markers=markers,
        labels=None if given is None else _label_findings(cohort, str(settings.labels), given),
        templates=None if templates is None else _template_findings(*templates, group_name, cohort),
        notes=notes,
    )
    extra = _predictions({"patients": cohort, **(new or {})}, search, given)
    if templates is not None:
        extra["templates"] = _template_table(templates[1])
    tables = _tables(cohort, search, settings, batch, places, group)
    tables = PatientTables(tables.groups, tables.factors, tables.features, tables.outcomes, extra)
    return GroupAnalysis(StoredGroups(findings, tables), search, given)


def _label_column(cohort: MuData, column: str) -> pd.Series[Any]:
    if column not in cohort.obs:
        inside = [view for view in cohort_spec(cohort).views if column in cohort[view].var_names]
        if inside:
            raise ConfigError(
                f"--labels {column}: it is a feature of view '{inside[0]}', from which the factors are learned; name "
                "a column of the samples table"
            )
        raise ConfigError(
            f"--labels {column}: the samples table has no such column; {nearest(column, cohort.obs.columns)}"
        )
    label: pd.Series[Any] = cohort.obs[column]
    return label


def _label_findings(cohort: MuData, column: str, given: GivenLabels) -> LabelFindings:
    repeats = features_that_repeat(cohort, column, cohort.obs[column])
    warnings = tuple(
        f"{', '.join(features[:3])} of view '{view}' repeat(s) the labels '{column}', so that learning them is "
        "circular; leave such features out"
        for view, features in repeats.items()
    )
    return LabelFindings(column, given.classes, given.accuracy, warnings)


def _groups(search: SubtypeSearch, places: Coordinates) -> NDArray[np.int64]:
    """(n,) number of the group; -1 for a patient without any view, and for all without groups."""
    group = np.full(len(places), -1, dtype=np.int64)
    if search.subtypes is not None:
        probability = search.subtypes.mixture.probabilities(places)
        group[places.known] = probability[places.known].argmax(axis=1)
    return group


def _markers(
    search: SubtypeSearch, settings: GroupSettings, batch: Batch, group: NDArray[np.int64]
) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    if search.subtypes is None:
        return (), ()
    k, seed = len(search.subtypes.names), settings.seed
    kind = resolve(FACTOR_MODELS, settings.model, "factor model")

    def learn(part: Batch) -> NDArray[np.int64]:
        model = kind(settings.count, named_seed(seed, "subtypes")).fit(part)
        places = FactorSpace.fit(model.variance_explained()).coordinates(model.transform(part))
        mixture = GroupMixture.fit(places, k, named_generator(seed, "subtypes", "without a view"))
        found: NDArray[np.int64] = mixture.probabilities(places).argmax(axis=1)
        return np.where(places.known, found, -1)

    features = {view: list(map(str, names)) for view, names in search.factors.harmonizer.features.items()}
    return markers_of_left_out_views(batch, features, group, search.subtypes.names, learn)


def _tables(
    cohort: MuData,
    search: SubtypeSearch,
    settings: GroupSettings,
    batch: Batch,
    places: Coordinates,
    group: NDArray[np.int64],
) -> PatientTables:
    rows = np.flatnonzero(places.known)
    ids = pd.DataFrame({"sample_id": cohort.obs_names[rows].to_numpy(dtype=str)})
    factors = pd.DataFrame(places.mean[rows], columns=list(search.factors.space.names))
    outcomes = patients_table(cohort).iloc[rows].reset_index(drop=True)
    if search.subtypes is None:
        return PatientTables(ids, pd.concat([ids, factors], axis=1), ids, outcomes)
    k = len(search.subtypes.names)
    features = {view: list(map(str, names)) for view, names in search.factors.harmonizer.features.items()}
    shown = top_features(batch, features, group, k).iloc[rows].reset_index(drop=True)
    ways = search.ways.reset_index(drop=True).map(lambda number: f"S{number}")
    numbers = _of_other_numbers(settings, places, k, group)
    columns = {f"k{number}": [f"S{one + 1}" for one in codes[rows]] for number, codes in numbers.items()}
    groups = pd.concat([ids, ways, pd.DataFrame(columns)], axis=1)
    return PatientTables(groups, pd.concat([ids, factors], axis=1), pd.concat([ids, shown], axis=1), outcomes)


def _of_other_numbers(
    settings: GroupSettings, places: Coordinates, k: int, group: NDArray[np.int64]
) -> dict[int, NDArray[np.int64]]:
    """Learn (n,) groups of each number for which there are enough patients."""
    found = {}
    for number in sorted({*settings.numbers, k}):
        generator = named_generator(settings.seed, "subtypes", "flow", str(number))
        try:
            mixture = None if number == k else GroupMixture.fit(places, number, generator)
        except DataError:
            continue
        found[number] = group if mixture is None else mixture.probabilities(places).argmax(axis=1)
    return found


def _predictions(
    cohorts: Mapping[str, MuData], search: SubtypeSearch, given: GivenLabels | None
) -> dict[str, pd.DataFrame]:
    tables = {}
    for name, cohort in cohorts.items():
        if search.subtypes is not None:
            tables[name] = search.subtypes.predict(cohort)
        if given is not None:
            places = search.factors.coordinates(cohort)
            probability = given.probability(places.mean, places.sd)
            called = np.array(given.classes, dtype=object)[probability.argmax(axis=1)]
            ids = pd.DataFrame({"sample_id": cohort.obs_names.to_numpy(dtype=str), "label": called})
            columns = pd.DataFrame(probability, columns=[f"p_{label}" for label in given.classes])
            tables[f"{name}_labels"] = pd.concat([ids, columns], axis=1)
    return tables


def _templates(cohort: MuData, path: Path, seed: int) -> tuple[str, NearestTemplates]:
    """Nearest templates, by the view that has most of their features."""
    templates = read_templates(path)
    wanted = set(templates["feature"])
    views = cohort_spec(cohort).views
    view = max(views, key=lambda name: len(wanted & set(cohort[name].var_names.astype(str))))
    table, spec = cohort[view], views[view]
    values = resolve(MODALITIES, spec.modality, "modality").transform(
        np.asarray(table.X, dtype=np.float64), spec.scale
    )
    frame = pd.DataFrame(values, table.obs_names, table.var_names.astype(str))
    return view, nearest_template(frame, templates, seed=seed)


def _template_findings(
    view: str, nearest_of: NearestTemplates, group: NDArray[Any], cohort: MuData
) -> TemplateFindings:
    sure = (nearest_of.fdr < DISCOVERY).to_numpy()
    counts = pd.DataFrame(
        [
            (
                name,
                int((nearest_of.prediction == name).sum()),
                int(((nearest_of.prediction == name) & sure).sum()),
            )
            for name in nearest_of.distances.columns
        ],
        columns=["template", "patients", "sure"],
    )
    own = pd.Series(group, cohort.obs_names).reindex(nearest_of.prediction.index).to_numpy(dtype=object)
    both = pd.notna(own) & nearest_of.prediction.notna().to_numpy()
    overlap = label_overlap(own, nearest_of.prediction.to_numpy(dtype=object)) if both.any() else None
    return TemplateFindings(view, nearest_of.matched, nearest_of.features, counts, overlap)


def _template_table(nearest_of: NearestTemplates) -> pd.DataFrame:
    distances = nearest_of.distances.add_prefix("distance_")
    table = pd.concat([nearest_of.prediction, distances, nearest_of.p, nearest_of.fdr], axis=1)
    return table.rename_axis("sample_id").reset_index()
