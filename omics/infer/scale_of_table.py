"""Guess the scale of a table from its values and the name of its file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.common.registry import resolve
from omics.infer.guess import Guess
from omics.modalities import MODALITIES
from omics.modalities.scales import contradiction

__all__ = ["guess_scale"]

Values = NDArray[np.float64]

LARGEST_LOG2 = 40.0
"""No instrument counts as far as 2^40; larger values are not logarithms."""

FEWEST, NEAR = 10, 0.1
"""Number of patients that show z-scores, and the distance of their mean from 0 and their deviation from 1."""

RATIOS = ("normalized", "normalised", "norm", "area", "origscale", "intensity", "intensities")
"""Words of tables of intensities, which normalization can bring near 1."""

SUMS = (0.5, 1.02)
"""Bounds of the sum of a patient's values that are shares."""


@dataclass(frozen=True)
class ValueSummary:
    """Properties of the values (patients x features) of a table, and the words of its file's name."""

    values: Values
    words: frozenset[str]

    @cached_property
    def measured(self) -> Values:
        """All finite values."""
        return self.values[np.isfinite(self.values)]

    @property
    def low(self) -> float:
        """The smallest value."""
        return float(self.measured.min())

    @property
    def high(self) -> float:
        """The largest value."""
        return float(self.measured.max())

    @cached_property
    def whole(self) -> bool:
        """Whether all values are whole numbers."""
        return bool((self.measured % 1 == 0).all())

    @cached_property
    def binary(self) -> bool:
        """Whether all values are 0 or 1."""
        return self.whole and self.low >= 0 and self.high <= 1

    @cached_property
    def standardised(self) -> bool:
        """Whether most features have mean 0 and standard deviation 1."""
        if len(self.values) < FEWEST:
            return False
        frame = pd.DataFrame(self.values)
        both = (frame.mean().abs() < NEAR) & ((frame.std(ddof=0) - 1).abs() < NEAR)
        return bool(both.mean() > 1 / 2)

    @property
    def span(self) -> str:
        """Smallest and largest value as text."""
        return f"{self.low:g} to {self.high:g}"

    def is_named(self, *names: str) -> bool:
        """Whether the name of the file has one of these words."""
        return bool(self.words & set(names))


def guess_scale(values: Values, modality: str, file_words: frozenset[str]) -> Guess[tuple[str, str]]:
    """Guess the scale of values of a modality.

    Parameters
    ----------
    values
        (patients, features), NaN where not measured.
    modality
        A name of MODALITIES.
    file_words
        Words of the name of the file.

    Returns
    -------
    Guess of (str, str)
        Modality and scale; the modality is generic where no scale of `modality` fits the values.

    Examples
    --------
    >>> guess_scale(np.array([[0.0, 812.0], [41.0, 3.0]]), "transcriptomics", frozenset()).value
    ('transcriptomics', 'counts')
    """
    seen = ValueSummary(values, file_words)
    if not seen.measured.size:
        return Guess((modality, next(iter(_legal(modality)))), "it has no value", sure=False)
    guess = _RULES[modality](seen)
    against = contradiction(values, guess.value)
    if guess.value in _legal(modality) and against is None:
        return Guess((modality, guess.value), guess.why, guess.sure)
    why = f"no scale of {modality} fits values from {seen.span}{guess.why}"
    return Guess(("generic", "numeric"), why, sure=False)


def _legal(modality: str) -> dict[str, object]:
    scales: dict[str, object] = resolve(MODALITIES, modality, "modality").scales
    return scales


def _genomics(seen: ValueSummary) -> Guess[str]:
    copies = seen.is_named("cna", "cnv", "copy", "gistic", "seg")
    if seen.binary and not copies:
        return Guess("binary", "every value is 0 or 1")
    if copies or seen.low < 0:
        why = "by the name of the file" if copies else "values are negative, as losses are"
        return Guess("copy_number", f"{why}, and values range from {seen.span}", copies or seen.whole)
    if seen.whole and seen.high <= 2:  # noqa: PLR2004  # two alleles
        return Guess("dosage", "every value is 0, 1 or 2, the count of an allele")
    if seen.high <= 1 and not seen.whole:
        sure = seen.is_named("methylation", "methyl", "meth", "beta")
        return Guess("beta", f"values lie between 0 and 1 ({seen.span})", sure)
    return Guess("numeric", f"values from {seen.span} are not mutations, dosages or beta values", sure=False)


def _transcriptomics(seen: ValueSummary) -> Guess[str]:
    if seen.whole and seen.low >= 0 and seen.high > LARGEST_LOG2:
        return Guess("counts", f"whole numbers up to {seen.high:g}")
    if seen.low < 0 and (seen.is_named("zscore", "zscores") or seen.standardised):
        return Guess("numeric", f"values from {seen.span} are z-scores, and no logarithms")
    if seen.high <= LARGEST_LOG2:
        return Guess("log", f"values from {seen.span} are logarithms", sure=not seen.whole)
    if seen.low >= 0:
        why = f"large numbers up to {seen.high:g} that are not whole: TPM or expected counts"
        return Guess("counts", why, sure=False)
    return Guess("numeric", f"values from {seen.span} are neither counts nor logarithms", sure=False)


def _abundance(seen: ValueSummary) -> Guess[str]:
    if seen.low < 0:
        return Guess("log", f"values are negative ({seen.span}), so they are logarithms")
    if seen.high > LARGEST_LOG2:
        return Guess("intensity", f"positive values up to {seen.high:g}, too large for logarithms")
    if seen.low < 1 and seen.is_named(*RATIOS) and not seen.is_named("log", "log2", "log10", "ln"):
        return Guess(
            "intensity", f"by its name, and values from {seen.span} are ratios to a median", sure=False
        )
    return Guess("log", f"values from {seen.span} are small enough for logarithms", sure=seen.low > 1)


def _microbiome(seen: ValueSummary) -> Guess[str]:
    if seen.high <= 0:
        return Guess("log_relative", f"no value is positive ({seen.span}), as for logarithms of shares")
    if seen.low < 0:
        return Guess("", "; centred log-ratios are read as numbers")
    if seen.whole:
        return Guess("counts", f"whole numbers up to {seen.high:g}")
    low, high = (float(sums) for sums in np.quantile(np.nansum(seen.values, axis=1), [0, 1]))
    if high <= SUMS[1]:
        return Guess("relative", f"values of a patient sum to {low:.2g} to {high:.2g}", low >= SUMS[0])
    return Guess(
        "", f"; values of a patient sum to {high:.3g}: for scale relative, write shares of 1, not percent"
    )


def _generic(seen: ValueSummary) -> Guess[str]:
    if seen.binary:
        return Guess("binary", "every value is 0 or 1")
    return Guess("numeric", f"values from {seen.span} are used as they are")


_RULES: dict[str, Callable[[ValueSummary], Guess[str]]] = {
    "genomics": _genomics,
    "transcriptomics": _transcriptomics,
    "proteomics": _abundance,
    "metabolomics": _abundance,
    "microbiome": _microbiome,
    "generic": _generic,
}
