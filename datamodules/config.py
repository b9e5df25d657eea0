"""Settings of splitting and harmonization; light, since the command line reads them first."""

from __future__ import annotations

from dataclasses import dataclass

from omics.errors import require_range

__all__ = ["HarmonizeConfig", "SplitConfig"]


@dataclass(frozen=True)
class SplitConfig:
    """Cross-validation.

    Parameters
    ----------
    folds
        Outer folds: each patient is predicted once by models that never saw him.
    repeats
        How often the outer folds are drawn anew.
    inner_folds
        Inner folds of each training part; each gives one member of the ensemble.
    """

    folds: int = 5
    repeats: int = 5
    inner_folds: int = 5

    def __post_init__(self) -> None:
        require_range("split.folds", self.folds, 2)
        require_range("split.repeats", self.repeats, 1)
        require_range("split.inner_folds", self.inner_folds, 2)


@dataclass(frozen=True)
class HarmonizeConfig:
    """How views are made comparable.

    Parameters
    ----------
    max_missing
        A feature not measured in more than this share of the view's training patients is left out.
    max_features
        At most so many features a view, those of the highest training variance.
    """

    max_missing: float = 0.5
    max_features: int = 1000

    def __post_init__(self) -> None:
        require_range("harmonize.max_missing", self.max_missing, 0, 1)
        require_range("harmonize.max_features", self.max_features, 1)
