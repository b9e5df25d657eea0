"""Finding: what a check reports, with its place and a sentence."""

from __future__ import annotations

from dataclasses import asdict, dataclass

__all__ = ["ERROR", "INFO", "WARNING", "Finding"]

INFO, WARNING, ERROR = "info", "warning", "error"


@dataclass(frozen=True)
class Finding:
    """One result of a check.

    Attributes
    ----------
    code
        Short stable name, for tests and programs.
    severity
        ``info`` describes the cohort, ``warning`` needs attention before modelling, ``error`` is wrong.
    place
        The view, endpoint, column or file that it is about.
    sentence
        What was found and what to do.
    """

    code: str
    severity: str
    place: str
    sentence: str

    def as_dict(self) -> dict[str, str]:
        """Plain dict, for json."""
        return asdict(self)
