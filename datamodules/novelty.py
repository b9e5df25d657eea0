"""What is new about a new cohort: features missing, extra or reordered, values outside the range of training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from datamodules.harmonize import Harmonizer
from datamodules.view_harmonizer import ViewHarmonizer
from omics.finding import INFO, WARNING, Finding

if TYPE_CHECKING:
    from anndata import AnnData
    from mudata import MuData

__all__ = ["novelties"]

MUCH = 0.05
"""Share of a patient's total, or of values, from which a loss or a value outside the range wants a look."""


def novelties(harmonizer: Harmonizer, cohort: MuData) -> list[Finding]:
    """Compare `cohort` with what `harmonizer` was trained on, before it is predicted.

    Parameters
    ----------
    harmonizer
        Fitted.
    cohort
        New patients.

    Returns
    -------
    list of Finding
        Codes ``view_absent``, ``features_missing``, ``features_extra``, ``features_reordered``, ``lost_share``,
        ``outside_range``, ``site_unseen``; nothing for a cohort like that of training.

    Examples
    --------
    >>> from omics.cohort import read_cohort
    >>> from datamodules.config import HarmonizeConfig
    >>> cohort = read_cohort("bundled:tcga_acc")
    >>> harmonizer = Harmonizer(HarmonizeConfig()).fit(cohort)
    >>> novelties(harmonizer, cohort)
    []
    >>> del cohort.mod["rppa"]
    >>> novelties(harmonizer, cohort)[0].code
    'view_absent'
    """
    return [finding for name in harmonizer.views for finding in _of_view(harmonizer, name, cohort)]


def _of_view(harmonizer: Harmonizer, name: str, cohort: MuData) -> Iterator[Finding]:
    view = harmonizer.views[name]
    if name not in cohort.mod or not len(cohort[name]):
        yield Finding("view_absent", WARNING, name, "nobody has this view; predictions rest on the others")
        return
    declared = harmonizer.declared(cohort, name)
    if declared.scale != view.spec.scale:
        yield Finding(
            "other_scale",
            WARNING,
            name,
            f"it is declared {declared.scale}, and the model was trained on {view.spec.scale}: both lead to the "
            "same harmonized scale, though perhaps not to the same values",
        )
    yield from _features(view, name, cohort[name])
    patients = harmonizer.patients(cohort, name)
    share = view.outside(cohort[name], declared, patients)
    if share > 0:
        yield Finding(
            "outside_range",
            WARNING if share > MUCH else INFO,
            name,
            f"{share:.2%} of its values in the features that the model uses lie outside the range of training",
        )
    correction = view.steps.get("site")
    # Where features were too few to correct, no site is known and none is missed.
    if correction is not None and correction.sites:
        unseen = sorted(set(patients.site) - set(correction.sites) - {""})
        if unseen:
            what = "is learned from them (adapt: true)" if harmonizer.config.adapt else "is not done"
            yield Finding(
                "site_unseen",
                WARNING,
                name,
                f"{int(sum(patients.site == s for s in unseen).sum())} patient(s) come from site(s) that training "
                f"did not see, {', '.join(unseen[:3])}: site correction {what}",
            )


def _features(view: ViewHarmonizer, name: str, new: AnnData) -> Iterator[Finding]:
    here = new.var_names.get_indexer(view.measured)
    absent = here < 0
    if absent.any():
        kept = len(view.features.difference(new.var_names))
        yield Finding(
            "features_missing",
            WARNING if kept else INFO,
            name,
            f"{int(absent.sum())} of the {len(absent)} features of training are missing, {kept} of the "
            f"{len(view.features)} that the model uses, such as {view.measured[absent][0]}",
        )
        lost = float(view.share[absent].sum())
        if lost > MUCH:
            yield Finding(
                "lost_share",
                WARNING,
                name,
                f"the missing features made up {lost:.0%} of a training patient's total, so what is left "
                "counts for too much",
            )
    if extra := len(new.var_names.difference(view.measured)):
        yield Finding("features_extra", INFO, name, f"{extra} features were not in training and are not used")
    if (here[~absent][1:] < here[~absent][:-1]).any():
        yield Finding("features_reordered", INFO, name, "its features stand in another order; names decide")
