"""Which features of a view belong to the sets: ids are compared with the names of features and with columns of var."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.common.errors import DataError

__all__ = ["LEAST_MATCHED", "MatchedFeatures", "canonical", "check_species", "like_mouse", "match_features"]

LEAST_MATCHED = 1 / 3
"""Smallest share of ids that a view and sets must have in common, of the smaller of the two."""

LEAST_MIXED = 0.05
"""Share of the symbols from which a second species is no chance."""

NAMES = ""
"""Stands for the names of the features, beside the columns of var."""

ENSEMBL = re.compile(r"^(ENS[A-Z]*[GTP]\d{11})\.\d+$")
UNIPROT = re.compile(r"^([OPQ][0-9][A-Z0-9]{3}[0-9]|[A-NR-Z][0-9](?:[A-Z][A-Z0-9]{2}[0-9]){1,2})-\d+$")
CHEBI = re.compile(r"^CHEBI[:_ ]?(\d+)$", re.IGNORECASE)
WHOLE = re.compile(r"^(\d+)\.0$")
"""A number that a table with gaps gives as 7157.0."""

GENE_OF_MOUSE = re.compile(r"^ENSMUSG\d{11}$")
GENE_OF_HUMAN = re.compile(r"^ENSG\d{11}$")


@dataclass(frozen=True)
class MatchedFeatures:
    """Ids of the features of a view, in the vocabulary of sets.

    Attributes
    ----------
    ids
        (p,) id of each feature; empty if it has none.
    column
        Where the ids are: a column of var, or empty for the names of the features.
    matched
        (p,) True for a feature that belongs to a set.
    share
        Share of ids in common, of the ids of the view or of the sets, whichever has fewer.
    """

    ids: NDArray[np.object_]
    column: str
    matched: NDArray[np.bool_]
    share: float


def canonical(value: object) -> str:
    """Write an id the same way everywhere.

    The version of an Ensembl id, the isoform of a UniProt id and all but the first of several ids are removed.

    Parameters
    ----------
    value
        An id of a feature.

    Returns
    -------
    str
        Empty for a missing value.

    Examples
    --------
    >>> [canonical(one) for one in ("ENSG00000141510.12", "P04637-2;P04637", "chebi:15377", 7157.0, "TP53", None)]
    ['ENSG00000141510', 'P04637', 'CHEBI:15377', '7157', 'TP53', '']
    """
    text = "" if value is None or value is pd.NA or value != value else str(value).strip()  # noqa: PLR0124  # NaN
    if "__" not in text:  # a lineage of taxa is one name
        text = re.split(r"[;|]", text, maxsplit=1)[0].strip()
    for pattern in (ENSEMBL, UNIPROT, WHOLE):
        text = pattern.sub(r"\1", text)
    return CHEBI.sub(r"CHEBI:\1", text)


def match_features(var: pd.DataFrame, members: Iterable[str]) -> MatchedFeatures:
    """Find the ids of features that the sets use.

    Parameters
    ----------
    var
        One row per feature of a view, indexed by its name. Columns, such as ``symbol``, ``ensembl``, ``entrez``,
        ``uniprot`` or ``chebi``, may have other ids. Digits in a column named like ChEBI are ChEBI ids.
    members
        Ids of the members of all sets.

    Returns
    -------
    MatchedFeatures
        The ids of the column with most ids in common; names of features first.

    Raises
    ------
    DataError
        If the features are symbols of two species.
    """
    known = frozenset(canonical(one) for one in members) - {""}
    best: MatchedFeatures | None = None
    for column in (NAMES, *map(str, var.columns)):
        ids = _ids(var, column)
        check_species(ids, known, f"the {'names' if column == NAMES else f'column {column!r}'} of features")
        distinct = set(ids) - {""}
        common = len(distinct & known)
        share = common / max(min(len(distinct), len(known)), 1)
        matched = np.array([one in known for one in ids], dtype=bool)
        if best is None or matched.sum() > best.matched.sum():
            best = MatchedFeatures(ids, column, matched, share)
    assert best is not None, "names come first"
    return best


def check_species(ids: Iterable[str], known: Collection[str], where: str) -> None:
    """Refuse genes of two species, as after alignment to both.

    Parameters
    ----------
    ids
        Ids of features.
    known
        Ids of the members of sets.
    where
        Where the ids are, for the error.

    Raises
    ------
    DataError
        If at least a twentieth of the genes are human and a twentieth are of the mouse: symbols such as ``MYC`` and
        ``Myc``, or Ensembl ids of both.
    """
    distinct = set(ids) - {""}
    every = distinct | set(known)
    mouse = [
        one for one in distinct if GENE_OF_MOUSE.match(one) or (like_mouse(one) and one.upper() in every)
    ]
    human = [
        one
        for one in distinct
        if GENE_OF_HUMAN.match(one) or (one.isupper() and (one in known or one.capitalize() in every))
    ]
    both = LEAST_MIXED * (len(human) + len(mouse))
    if human and mouse and min(len(human), len(mouse)) >= both:
        raise DataError(
            f"{where} mix species: {len(human)} genes are human, such as {min(human)}, and {len(mouse)} are of the "
            f"mouse, such as {min(mouse)}; keep the genes of one"
        )


def like_mouse(symbol: str) -> bool:
    """Whether a symbol is written like those of the mouse, with one capital; human open reading frames are not.

    Examples
    --------
    >>> [like_mouse(one) for one in ("Trp53", "TP53", "C9orf72", "p53")]
    [True, False, False, False]
    """
    letters = [one for one in symbol if one.isalpha()]
    lower = sum(one.islower() for one in letters)
    return lower == len(letters) - 1 > 0 and symbol[0].isupper() and "orf" not in symbol


def _ids(var: pd.DataFrame, column: str) -> NDArray[np.object_]:
    values = var.index if column == NAMES else var[column]
    ids = [canonical(value) for value in values.tolist()]
    if "chebi" in column.lower():
        ids = [f"CHEBI:{one}" if one.isdigit() else one for one in ids]
    return np.array(ids, dtype=object)
