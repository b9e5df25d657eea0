"""Finding: one thing that a careful statistician would look at, with its place and a sentence."""

from __future__ import annotations

from dataclasses import asdict, dataclass

__all__ = ["ERROR", "INFO", "WARNING", "Finding"]

INFO, WARNING, ERROR = "info", "warning", "error"


@dataclass(frozen=True)
class Finding:
    """What was found.

    Attributes
    ----------
    code
        Short stable name, for tests and machines.
    severity
        ``info`` describes, ``warning`` wants a look before modelling, ``error`` cannot be right.
    place
        A view, an endpoint, a file, or what else it is about.
    sentence
        For people.
    """

    code: str
    severity: str
    place: str
    sentence: str

    def as_dict(self) -> dict[str, str]:
        """Plain dict, for json."""
        return asdict(self)
