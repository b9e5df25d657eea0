"""Activity scores: a number, or "at least a number" where copies were not counted."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ActivityScore", "parse_score"]

MARKS = ("≥", ">=")


@dataclass(frozen=True)
class ActivityScore:
    """An activity score.

    Attributes
    ----------
    value
        The score, or its lower bound.
    at_least
        Whether `value` is a lower bound, as for ``*1x≥3``.
    """

    value: float
    at_least: bool = False

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else ''}{self.value:g}"

    def __add__(self, other: ActivityScore) -> ActivityScore:
        return ActivityScore(self.value + other.value, self.at_least or other.at_least)

    def times(self, factor: float) -> ActivityScore:
        """Multiply; zero is exact, since no number of copies without function adds activity."""
        return ActivityScore(self.value * factor, self.at_least and factor > 0)


def parse_score(text: str) -> ActivityScore | None:
    """Read a score; None where the text is no score.

    Examples
    --------
    >>> parse_score("≥3.0"), parse_score("1.25"), parse_score("n/a")
    (ActivityScore(value=3.0, at_least=True), ActivityScore(value=1.25, at_least=False), None)
    """
    mark = next((mark for mark in MARKS if text.startswith(mark)), "")
    try:
        value = float(text.removeprefix(mark))
    except ValueError:
        return None
    return ActivityScore(value, bool(mark)) if value >= 0 and value < float("inf") else None
