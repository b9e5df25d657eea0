"""Nearest template prediction: the class whose published signature genes a patient's values resemble most."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from omics.common.errors import DataError, InputError, nearest
from omics.common.seeds import named_generator
from omics.readers.plain_tables import read_columns

__all__ = ["NearestTemplates", "nearest_template", "read_templates"]

Array = NDArray[np.float64]

LEAST_MATCHED = 1 / 3
"""Smallest share of the template features that a table must have."""

LEAST_PATIENTS = 10
"""A feature is compared with its mean over the patients, which fewer patients do not give."""

CELLS = 5_000_000
"""Random values that are drawn at once."""


@dataclass(frozen=True)
class NearestTemplates:
    """Nearest template of each of n patients.

    Attributes
    ----------
    prediction
        (n,) class with the smallest distance; missing for a patient without a value of a template feature.
    distances
        (n, classes) ``sqrt((1 - cosine) / 2)``: 0 for the template itself, 1 for its opposite.
    p
        (n,) how often random features of the patient are as close to any template.
    fdr
        (n,) `p` adjusted over the patients by Benjamini and Hochberg 1995, doi 10.1111/j.2517-6161.1995.tb02031.x.
    matched, features
        Number of template features that the table has, and number of all template features.
    """

    prediction: pd.Series[str]
    distances: pd.DataFrame
    p: pd.Series[float]
    fdr: pd.Series[float]
    matched: int
    features: int

    @property
    def matched_share(self) -> float:
        """Share of the template features that the table has."""
        return self.matched / self.features


def read_templates(path: Path) -> pd.DataFrame:
    """Read the templates of classes from a table, such as a csv file.

    Parameters
    ----------
    path
        The file, with the columns ``feature`` and ``class``, and ``weight`` if features count differently. Other
        columns are ignored.

    Returns
    -------
    pandas.DataFrame
        ``feature`` and ``class`` as text, and ``weight``, which is 1 if left out.

    Raises
    ------
    InputError
        If the file or a column is missing, a cell is empty, a weight is not a number, a row appears twice, or there is
        one class.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; correct the path of the templates")
    table = read_columns(path)
    for column in ("feature", "class"):
        if column not in table:
            raise InputError(
                f"{path}: no column '{column}', which templates need; {nearest(column, map(str, table.columns))}"
            )
    try:
        return _checked(table)
    except DataError as error:
        raise InputError(f"{path}: {error}") from None


def _checked(table: pd.DataFrame) -> pd.DataFrame:
    """Columns feature, class and weight of a table of templates, checked."""
    empty = table[["feature", "class"]].isna().any(axis=1).to_numpy()
    if empty.any():
        raise DataError(
            f"template row {empty.argmax() + 1} has no feature or no class; complete or remove it"
        )
    names = table[["feature", "class"]].astype(str).reset_index(drop=True)
    twice = names.duplicated().to_numpy()
    if twice.any():
        feature, label = names.iloc[int(twice.argmax())]
        raise DataError(f"feature '{feature}' is listed twice in the template of '{label}'; remove one row")
    if names["class"].nunique() < 2:  # noqa: PLR2004  # one template is always the nearest
        raise DataError("the templates have fewer than two classes, so none can be the nearest; add a class")
    weight = (
        pd.to_numeric(table["weight"], errors="coerce") if "weight" in table else pd.Series(1.0, names.index)
    )
    values = weight.to_numpy(dtype=np.float64)
    if not np.isfinite(values).all():
        raise DataError(
            f"template row {(~np.isfinite(values)).argmax() + 1} has a weight that is no number; correct it"
        )
    return names.assign(weight=values)


def nearest_template(
    values: pd.DataFrame, templates: pd.DataFrame, draws: int = 1000, seed: int = 0
) -> NearestTemplates:
    """Assign each patient to the class with the nearest template, by cosine distance.

    Hoshida 2010, doi 10.1371/journal.pone.0015543. Each feature is standardized over the patients. A template is 1 (or
    its weight) for the features of its class and 0 elsewhere; with two classes it is -1 for those of the other class.
    A feature in several templates counts once in each. Missing values are left out, patient by patient. Random features
    are drawn from the whole table, so that p has a meaning only if the table was not reduced to features of interest.

    Parameters
    ----------
    values
        (n, features) of at least ten patients, on a scale on which differences are comparable, such as log2. The
        patients must be a mixture like the one in which the templates were found, since features are centred here.
    templates
        Columns ``feature``, ``class`` and optionally ``weight``.
    draws
        Number of random sets of features for the p value, which is at least 1 / (1 + draws).
    seed
        Of the random sets. Those of a patient do not depend on the other patients.

    Returns
    -------
    NearestTemplates
        Class, distances, p value and false discovery rate of each patient, and the number of features found.

    Raises
    ------
    DataError
        If there are fewer than ten patients, the table has less than a third of the template features, or a class has
        no feature in it.

    Examples
    --------
    >>> rows = [f"p{i}" for i in range(10)]
    >>> values = pd.DataFrame({"a": range(10), "b": range(10, 0, -1)}, index=rows)
    >>> result = nearest_template(values, pd.DataFrame({"feature": ["a", "b"], "class": ["A", "B"]}), draws=99)
    >>> result.prediction["p0"], result.prediction["p9"], result.matched
    ('B', 'A', 2)
    """
    if len(values) < LEAST_PATIENTS:
        raise DataError(
            f"nearest template prediction compares patients with their mean, and {len(values)} are too few; give at "
            f"least {LEAST_PATIENTS} patients"
        )
    checked = _checked(templates)
    standard = _standardized(values)
    place = standard.columns.get_indexer(pd.Index(checked["feature"]))
    _check_matched(checked, place)
    classes = sorted(checked["class"].unique())
    template = _template(checked[place >= 0], classes)
    x = standard.to_numpy()
    found = [
        _patient(row, place[place >= 0], template, named_generator(seed, "template", str(name)), draws)
        for name, row in zip(values.index, x, strict=True)
    ]
    distances = np.array([distance for distance, _ in found])
    p = np.array([value for _, value in found])
    known = np.isfinite(p)
    fdr = np.full(len(p), np.nan)
    fdr[known] = false_discovery_control(p[known])
    winner = np.array(classes, dtype=object)[np.where(known[:, None], distances, 0.0).argmin(axis=1)]
    return NearestTemplates(
        pd.Series(np.where(known, winner, None), values.index, name="prediction"),
        pd.DataFrame(distances, values.index, classes),
        pd.Series(p, values.index, name="p"),
        pd.Series(fdr, values.index, name="fdr"),
        matched=int(checked["feature"][place >= 0].nunique()),
        features=int(checked["feature"].nunique()),
    )


def _standardized(values: pd.DataFrame) -> pd.DataFrame:
    """Z scores over the patients, of the features that vary."""
    named = values.set_axis(values.columns.astype(str), axis=1).astype(np.float64)
    spread = named.std()
    varies = spread > 0
    standard: pd.DataFrame = ((named - named.mean()) / spread).loc[:, varies]
    return standard


def _check_matched(templates: pd.DataFrame, place: NDArray[np.intp]) -> None:
    matched = templates[place >= 0]
    share = matched["feature"].nunique() / templates["feature"].nunique()
    if share < LEAST_MATCHED:
        raise DataError(
            f"the view has {share:.0%} of the template features, and at least a third is needed; check that both use "
            "the same kind of names"
        )
    for label in templates["class"].unique():
        if label not in set(matched["class"]):
            raise DataError(f"the view has no feature of template '{label}'; leave this template out")


def _template(templates: pd.DataFrame, classes: list[str]) -> Array:
    """(rows, classes) templates, one row for each row of the table."""
    own = np.equal.outer(templates["class"].to_numpy(), np.array(classes, dtype=object)).astype(np.float64)
    if len(classes) == 2:  # noqa: PLR2004  # two templates are each other's opposite
        own = 2.0 * own - 1.0
    weighted: Array = own * templates["weight"].to_numpy()[:, None]
    return weighted


def _patient(
    values: Array, place: NDArray[np.intp], template: Array, generator: np.random.Generator, draws: int
) -> tuple[Array, float]:
    """Distances (classes,) of one patient, and the p value of the smallest; NaN without any template feature."""
    measured = np.isfinite(values[place])
    if not (values[place][measured] != 0).any():
        return np.full(template.shape[1], np.nan), float("nan")
    part = template[measured]
    similarity = _cosine(values[place][measured][None], part)[0]
    pool = values[np.isfinite(values)]
    as_close = 1
    for some in np.array_split(np.arange(draws), max(1, -(-draws * len(part) // CELLS))):
        random = pool[generator.integers(len(pool), size=(len(some), len(part)))]
        as_close += int((_cosine(random, part).max(axis=1) >= similarity.max()).sum())
    distance: Array = np.sqrt(np.clip(1.0 - similarity, 0.0, None) / 2.0)
    return distance, as_close / (1 + draws)


def _cosine(values: Array, template: Array) -> Array:
    """(m, classes) cosine of the values (m, rows) with the templates (rows, classes); 0 with a template of zeros."""
    size = np.linalg.norm(values, axis=1)[:, None] * np.linalg.norm(template, axis=0)
    none = np.zeros(size.shape)
    cosine: Array = np.divide(values @ template, size, out=none, where=size > 0)
    return cosine
