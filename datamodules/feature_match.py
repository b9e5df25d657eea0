"""Match the features of new patients to those of training by name, also where the same feature has another name."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["COPIES", "FeatureMatch", "match_features"]

Array = NDArray[np.float64]

COPIES = 2.0
"""Alleles of a patient: a dosage of the other allele is 2 minus the dosage."""

VERSIONED = re.compile(r"(ENS[A-Z]*[GTPE]\d{11}|[NX][MRP]_\d+)\.\d+")
"""Accession of Ensembl or RefSeq with its version."""

CHROMOSOME = re.compile(r"chr(?=(\d+|X|Y|M|MT)[:_-])", re.IGNORECASE)
"""Prefix of a place, as UCSC writes it."""

PLACE = re.compile(r"([^:]+:\d+):([ACGT]+):([ACGT]+)")
"""``CHROM:POS:REF:ALT``, of which ALT is counted."""

COUNTED = re.compile(r"(.+)_([ACGT]+)")
"""Variant and counted allele, as PLINK writes it."""

COMPLEMENT = {"A": "T", "T": "A", "C": "G", "G": "C"}

EXAMPLES = 2
"""Pairs of names that a note shows."""


@dataclass(frozen=True)
class _Name:
    """What a name stands for: the feature, and the allele that its values count."""

    feature: str
    allele: str = ""

    def counts_other_allele(self, other: _Name) -> bool | None:
        """Whether values of `other` count the other allele of the variant; None where this cannot be known."""
        if self.allele == other.allele:
            return False
        if "/" in self.feature:
            return True
        # Without both alleles in the name, another letter is the other allele, on whichever strand, unless the two
        # letters are complements: then it may be the same allele on the other strand.
        single = len(self.allele) == len(other.allele) == 1
        return True if single and COMPLEMENT[self.allele] != other.allele else None


@dataclass(frozen=True)
class FeatureMatch:
    """Where the features of training are among those of new patients.

    Attributes
    ----------
    wanted, given
        (p,) and (q,) names of the features of training and of new patients.
    columns
        (p,) place of each feature of training among those of new patients; -1 where it is missing.
    flipped
        (p,) bool: its values count the other allele.
    unclear
        (p,) bool: missing, since its values may count either allele.
    """

    wanted: pd.Index
    given: pd.Index
    columns: NDArray[np.int64]
    flipped: NDArray[np.bool_]
    unclear: NDArray[np.bool_]

    @property
    def absent(self) -> NDArray[np.bool_]:
        """(p,) bool: the feature of training is missing."""
        return self.columns < 0

    @property
    def unused(self) -> NDArray[np.bool_]:
        """(q,) bool: the feature of new patients is not one of training."""
        unused = np.ones(len(self.given), dtype=np.bool_)
        unused[self.columns[~self.absent]] = False
        return unused

    @property
    def identical(self) -> bool:
        """Whether names and their order are the same."""
        same = len(self.columns) == len(self.given) and (self.columns == np.arange(len(self.columns))).all()
        return bool(same) and not self.flipped.any()

    @property
    def renamed(self) -> NDArray[np.bool_]:
        """(p,) bool: the feature has another name among those of new patients."""
        known, renamed = np.flatnonzero(~self.absent), np.zeros(len(self.wanted), dtype=np.bool_)
        renamed[known] = np.asarray(self.wanted[known] != self.given[self.columns[known]])
        return renamed

    @property
    def notes(self) -> list[str]:
        """One sentence for each kind of other name."""
        kinds = (
            (
                self.renamed & ~self.flipped,
                "feature(s) have another version or prefix in their name and are matched",
            ),
            (self.flipped, "variant(s) count the other allele, so that 2 minus the value is used"),
            (self.unclear, "variant(s) are not used, since their values may count either allele"),
        )
        return [f"{int(mask.sum())} {text} ({self._examples(mask)})" for mask, text in kinds if mask.any()]

    def values(self, raw: Array) -> Array:
        """Reorder the columns of new patients.

        Parameters
        ----------
        raw
            (m, q) values of new patients.

        Returns
        -------
        ndarray
            (m, p) values of the features of training, NaN where missing.
        """
        if self.identical:
            return raw
        values = np.full((len(raw), len(self.columns)), np.nan)
        values[:, ~self.absent] = raw[:, self.columns[~self.absent]]
        values[:, self.flipped] = COPIES - values[:, self.flipped]
        return values

    def _examples(self, mask: NDArray[np.bool_]) -> str:
        rows = np.flatnonzero(mask)[:EXAMPLES]
        return ", ".join(
            f"{self.given[self.columns[row]]} for {self.wanted[row]}"
            if self.columns[row] >= 0
            else str(self.wanted[row])
            for row in rows
        )


def match_features(wanted: pd.Index, given: pd.Index, scale: str) -> FeatureMatch:
    """Match features by name, and those that remain by what their name stands for.

    The version of an accession of Ensembl or RefSeq and the prefix ``chr`` of a place make no difference. On the scale
    ``dosage``, a variant that counts its other allele is the same variant. A feature is matched only if no other one
    of either side stands for the same.

    Parameters
    ----------
    wanted
        (p,) features of training.
    given
        (q,) features of new patients, without repeats.
    scale
        Scale of the values of new patients.

    Returns
    -------
    FeatureMatch
        Place of each feature of training.

    Examples
    --------
    >>> dosage = match_features(pd.Index(["rs1_A", "chr2:5:C:T"]), pd.Index(["2:5:C:T", "rs1_G"]), "dosage")
    >>> dosage.columns.tolist(), dosage.flipped.tolist()
    ([1, 0], [True, False])
    """
    columns = given.get_indexer(wanted).astype(np.int64)
    flipped, unclear = np.zeros((2, len(columns)), dtype=np.bool_)
    missing = np.flatnonzero(columns < 0)
    unused = np.setdiff1d(np.arange(len(given)), columns)
    if len(missing) and len(unused):
        names = _unique_names(given, scale)
        wanted_names = _unique_names(wanted, scale)
        places = {names[place].feature: place for place in unused if place in names}
        for row in map(int, missing):
            name = wanted_names.get(row)
            place = places.get(name.feature) if name else None
            if name is None or place is None:
                continue
            other = name.counts_other_allele(names[place])
            unclear[row] = other is None
            if other is not None:
                columns[row], flipped[row] = place, other
    return FeatureMatch(wanted, given, columns, flipped, unclear)


def _unique_names(names: pd.Index, scale: str) -> dict[int, _Name]:
    """Read names: place -> what it stands for, without those that stand for the same."""
    read = [_read(str(name), scale) for name in names]
    repeated = pd.Series([name.feature for name in read], dtype=object).duplicated(keep=False)
    return {place: name for place, name in enumerate(read) if not repeated[place]}


def _read(name: str, scale: str) -> _Name:
    """Read a name.

    Examples
    --------
    >>> _read("ENSG00000141510.12", "log").feature, _read("1:100:A:G_A", "dosage"), _read("chr1:100:G:A", "dosage")
    ('ENSG00000141510', _Name(feature='1:100:A/G', allele='A'), _Name(feature='1:100:A/G', allele='A'))
    """
    versioned = VERSIONED.fullmatch(name)
    if versioned:
        return _Name(versioned[1])
    prefix = CHROMOSOME.match(name)
    plain = name[prefix.end() :] if prefix else name
    if scale != "dosage":
        return _Name(plain)
    counted = COUNTED.fullmatch(plain)
    variant, allele = (counted[1], counted[2]) if counted else (plain, "")
    place = PLACE.fullmatch(variant)
    if place is None:
        return _Name(variant, allele)
    alleles = place[2], place[3]
    if allele and allele not in alleles:
        return _Name(name)
    return _Name(f"{place[1]}:{'/'.join(sorted(alleles))}", allele or place[3])
