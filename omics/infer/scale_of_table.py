"""How the values of a table stand in its file, told by the values themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from omics.common.registry import resolve
from omics.infer.guess import Guess
from omics.modalities import MODALITIES
from omics.modalities.scales import contradiction

__all__ = ["guess_scale"]

Values = NDArray[np.float64]

LARGEST_LOG2 = 40.0
"""2^40 is more than any instrument counts; values above are no logarithms."""

SUMS = (0.5, 1.02)


@dataclass(frozen=True)
class Seen:
    """What there is to see in values, patients x features."""

    values: Values
    words: frozenset[str]

    @cached_property
    def measured(self) -> Values:
        """All of them, without the empty ones."""
        return self.values[np.isfinite(self.values)]

    @property
    def low(self) -> float:
        """The smallest."""
        return float(self.measured.min())

    @property
    def high(self) -> float:
        """The largest."""
        return float(self.measured.max())

    @cached_property
    def whole(self) -> bool:
        """Whether all are whole numbers."""
        return bool((self.measured % 1 == 0).all())

    @cached_property
    def binary(self) -> bool:
        """Whether all are 0 or 1."""
        return self.whole and self.low >= 0 and self.high <= 1

    @property
    def span(self) -> str:
        """From where to where they go."""
        return f"{self.low:g} to {self.high:g}"

    def said(self, *names: str) -> bool:
        """Whether the file's name holds one of these words."""
        return bool(self.words & set(names))


def guess_scale(values: Values, modality: str, said: frozenset[str]) -> Guess[tuple[str, str]]:
    """Guess the scale of values that were measured by `modality`.

    Parameters
    ----------
    values
        (patients, features), NaN where not measured.
    modality
        A name of MODALITIES.
    said
        Words of the file's name.

    Returns
    -------
    Guess of (str, str)
        Modality and scale; the modality is generic where none of its own scales can be.

    Examples
    --------
    >>> guess_scale(np.array([[0.0, 812.0], [41.0, 3.0]]), "transcriptomics", frozenset()).value
    ('transcriptomics', 'counts')
    """
    seen = Seen(values, said)
    if not seen.measured.size:
        return Guess((modality, next(iter(_legal(modality)))), "it holds no value", sure=False)
    guess = _RULES[modality](seen)
    against = contradiction(values, guess.value)
    if guess.value in _legal(modality) and against is None:
        return Guess((modality, guess.value), guess.why, guess.sure)
    why = f"no scale of {modality} fits values from {seen.span}{guess.why}"
    return Guess(("generic", "numeric"), why, sure=False)


def _legal(modality: str) -> dict[str, object]:
    scales: dict[str, object] = resolve(MODALITIES, modality, "modality").scales
    return scales


def _genomics(seen: Seen) -> Guess[str]:
    copies = seen.said("cna", "cnv", "copy", "gistic", "seg")
    if seen.binary and not copies:
        return Guess("binary", "every value is 0 or 1")
    if copies or seen.low < 0:
        why = "the file's name says so" if copies else "values are negative, as losses are"
        return Guess("copy_number", f"{why}, and values go from {seen.span}", copies or seen.whole)
    if seen.whole and seen.high <= 2:  # noqa: PLR2004  # two alleles
        return Guess("dosage", "every value is 0, 1 or 2, as alleles are counted")
    if seen.high <= 1 and not seen.whole:
        return Guess(
            "beta", f"values lie between 0 and 1 ({seen.span})", seen.said("methylation", "methyl", "beta")
        )
    return Guess("numeric", f"values from {seen.span} are no mutations, dosages or beta values", sure=False)


def _transcriptomics(seen: Seen) -> Guess[str]:
    if seen.whole and seen.low >= 0 and seen.high > LARGEST_LOG2:
        return Guess("counts", f"whole numbers up to {seen.high:g}")
    if seen.high <= LARGEST_LOG2:
        return Guess("log", f"values from {seen.span} are logarithms", sure=not seen.whole)
    if seen.low >= 0:
        why = f"large numbers that are not whole, up to {seen.high:g}: TPM or expected counts"
        return Guess("counts", why, sure=False)
    return Guess("numeric", f"values from {seen.span} are neither counts nor logarithms", sure=False)


def _abundance(seen: Seen) -> Guess[str]:
    if seen.low < 0:
        return Guess("log", f"values are negative ({seen.span}), as only logarithms are")
    if seen.high > LARGEST_LOG2:
        return Guess("intensity", f"positive values up to {seen.high:g}, too large for logarithms")
    return Guess("log", f"values from {seen.span} are small enough for logarithms", sure=seen.low > 1)


def _microbiome(seen: Seen) -> Guess[str]:
    if seen.high <= 0:
        return Guess("log_relative", f"no value is positive ({seen.span}), as of logarithms of shares")
    if seen.low < 0:
        return Guess("", "; centred log-ratios are taken as numbers")
    if seen.whole:
        return Guess("counts", f"whole numbers up to {seen.high:g}")
    low, high = (float(sums) for sums in np.quantile(np.nansum(seen.values, axis=1), [0, 1]))
    if high <= SUMS[1]:
        return Guess("relative", f"values of a patient sum to {low:.2g} to {high:.2g}", low >= SUMS[0])
    return Guess(
        "", f"; a patient's sum to {high:.3g}: shares of 1 in place of percent would be taken as relative"
    )


def _generic(seen: Seen) -> Guess[str]:
    if seen.binary:
        return Guess("binary", "every value is 0 or 1")
    return Guess("numeric", f"values from {seen.span} are taken as they are")


_RULES: dict[str, Callable[[Seen], Guess[str]]] = {
    "genomics": _genomics,
    "transcriptomics": _transcriptomics,
    "proteomics": _abundance,
    "metabolomics": _abundance,
    "microbiome": _microbiome,
    "generic": _generic,
}
