"""Settings of splitting and harmonization; imports little, since the command line reads it first."""

from __future__ import annotations

from dataclasses import dataclass, field

from datamodules.steps import IMPUTATIONS, NORMALIZATIONS
from omics.common.errors import require_range
from omics.common.registry import check_choice

__all__ = ["HarmonizeConfig", "SplitConfig"]


@dataclass(frozen=True)
class SplitConfig:
    """How patients are split into training and test sets.

    Parameters
    ----------
    design
        kfold; leave_site_out: each declared site is predicted from all others; part: the test patients of a split
        declared in the cohort; external: the patients of another cohort. Only kfold uses random numbers.
    external
        The external cohort, named in the same way as `cohort`.
    folds
        Number of outer folds. In each repeat every patient has one out-of-fold prediction.
    repeats
        How often the outer folds are drawn again.
    inner_folds
        Number of inner folds of each training set; each inner fold gives one member of the ensemble.
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
        Features that are missing in more than this share of the view's training patients are dropped.
    min_prevalence
        Features (a taxon, a mutation, a protein) that are detected in less than this share of the patients in whom
        they were measured are dropped.
    max_features
        Maximum number of features per view; the features of the highest training variance are kept.
    normalize
        View -> pqn (probabilistic quotient, for metabolites), median or quantile; other views are not normalized.
    correct_site
        Correct for the sites that `cohort.yaml` declares, unless the sites differ in outcome or arm.
    adapt
        Correct for sites that are new at prediction as well, estimated from their own patients (transductive).
    impute
        How missing values are imputed: median, or iterative (from the patient's other values).
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
