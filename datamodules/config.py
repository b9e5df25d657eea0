"""Settings of splitting and harmonization; light, since the command line reads them first."""

from __future__ import annotations

from dataclasses import dataclass, field

from datamodules.steps import IMPUTATIONS, NORMALIZATIONS
from omics.common.errors import require_range
from omics.common.registry import check_choice

__all__ = ["HarmonizeConfig", "SplitConfig"]


@dataclass(frozen=True)
class SplitConfig:
    """Who is predicted by models of whom.

    Parameters
    ----------
    design
        kfold; leave_site_out, each declared site from all others; part, the test patients of a ready split; or
        external, the patients of another cohort. Only kfold draws anything.
    external
        That other cohort, named as `cohort` is.
    folds
        Outer folds: each patient is predicted once by models that never saw him.
    repeats
        How often the outer folds are drawn anew.
    inner_folds
        Inner folds of each training part; each gives one member of the ensemble.
    """

    design: str = "kfold"
    external: str | None = None
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
    min_prevalence
        So is one found in a smaller share of those in whom it was measured: a taxon, a mutation, a protein.
    max_features
        At most so many features a view, those of the highest training variance.
    normalize
        View -> pqn (probabilistic quotient, for metabolites), median or quantile; only for the views named here.
    correct_site
        Bring the sites that `cohort.yaml` declares together, where they differ neither in outcome nor in arm.
    adapt
        Correct a site that training did not see too, from its own patients: transductive.
    impute
        What stands for a value that was not measured: median, or iterative (from the patient's other values).
    """

    max_missing: float = 0.5
    min_prevalence: float = 0.1
    max_features: int = 1000
    normalize: dict[str, str] = field(default_factory=dict)
    correct_site: bool = False
    adapt: bool = False
    impute: str = "median"

    def __post_init__(self) -> None:
        require_range("harmonize.max_missing", self.max_missing, 0, 1)
        require_range("harmonize.min_prevalence", self.min_prevalence, 0, 1)
        require_range("harmonize.max_features", self.max_features, 1)
        check_choice(IMPUTATIONS, self.impute, "harmonize.impute")
        for view, name in self.normalize.items():
            check_choice(NORMALIZATIONS, name, f"harmonize.normalize.{view}")
