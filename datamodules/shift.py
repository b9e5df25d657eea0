"""What is new about a new cohort: features missing, extra or reordered, values outside the range of training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from datamodules.harmonizer import Harmonizer
from datamodules.steps.site import SiteCorrection, large_sites
from datamodules.view_harmonizer import ViewHarmonizer
from omics.checks.finding import INFO, WARNING, Finding
from omics.cohort.spec import ViewSpec
from omics.cohort.view_blocks import measured_patients, value_blocks
from omics.modalities.amounts import amounts

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
        Of views: ``view_absent``, ``other_scale``, ``features_missing``, ``features_extra``, ``features_reordered``,
        ``lost_share``, ``extra_share``, ``outside_range``; of patients: ``covariate_absent``, ``category_unseen``,
        ``covariate_text``, ``outside_range``, ``site_unseen``, ``site_unknown``. Nothing for the cohort of training.

    Examples
    --------
    >>> from omics.cohort.read import read_cohort
    >>> from datamodules.config import HarmonizeConfig
    >>> cohort = read_cohort("bundled:tcga_acc")
    >>> harmonizer = Harmonizer(HarmonizeConfig()).fit(cohort)
    >>> novelties(harmonizer, cohort)
    []
    >>> del cohort.mod["rppa"]
    >>> novelties(harmonizer, cohort)[0].code
    'view_absent'
    """
    of_views = (finding for name in harmonizer.views for finding in _of_view(harmonizer, name, cohort))
    of_patients = (
        Finding(code, WARNING, *said) for code, *said in harmonizer.covariates.novelties(cohort.obs)
    )
    return [*of_views, *of_patients]


def _of_view(harmonizer: Harmonizer, name: str, cohort: MuData) -> Iterator[Finding]:
    view = harmonizer.views[name]
    if name not in cohort.mod or not measured_patients(cohort[name]).any():
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
    yield from _features(view, name, cohort[name], declared)
    patients = harmonizer.patients(cohort, name)
    wild, measured = view.outside(cohort[name], declared, patients)
    if wild.any():
        worst = int((wild / np.maximum(measured, 1)).argmax())
        share = wild.sum() / measured.sum()
        yield Finding(
            "outside_range",
            WARNING if share > MUCH else INFO,
            name,
            f"{int(wild.sum())} values ({share:.2%}) of {int((wild > 0).sum())} feature(s) lie far outside the range "
            f"of training, most of all {view.features[worst]} ({wild[worst]} of {measured[worst]})",
        )
    if nowhere := int(((measured == 0) & view.features.isin(cohort[name].var_names)).sum()):
        sentence = (
            f"{nowhere} of the {len(measured)} features that the model uses are there and hold no value"
        )
        yield Finding("features_missing", WARNING, name, sentence)
    if correction := view.steps.get("site"):
        yield from _sites(correction, name, patients.site, adapts=harmonizer.config.adapt)


def _sites(
    correction: SiteCorrection, name: str, site: NDArray[np.str_], *, adapts: bool
) -> Iterator[Finding]:
    if unknown := int((site == "").sum()):
        yield Finding(
            "site_unknown", WARNING, name, f"{unknown} patient(s) have no site and get no site correction"
        )
    unseen = sorted(set(site) - set(correction.seen) - {""})
    if not unseen or not correction.sites:
        return
    learned = [s for s in unseen if adapts and s in large_sites(site)]
    what = (
        f"is learned from them for {len(learned)} of {len(unseen)} site(s) (adapt: true)"
        if adapts
        else "is not done"
    )
    yield Finding(
        "site_unseen",
        WARNING,
        name,
        f"{int(np.isin(site, unseen).sum())} patient(s) come from site(s) that training did not see, "
        f"{', '.join(unseen[:3])}: site correction {what}",
    )


def _features(view: ViewHarmonizer, name: str, new: AnnData, declared: ViewSpec) -> Iterator[Finding]:
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
    if extra := len(new.var_names.difference(view.measured)):
        yield Finding("features_extra", INFO, name, f"{extra} features were not in training and are not used")
    if (here[~absent][1:] < here[~absent][:-1]).any():
        yield Finding("features_reordered", INFO, name, "its features stand in another order; names decide")
    if not len(view.share):
        return
    lost = float(view.share[absent].sum())
    if lost > MUCH:
        yield Finding(
            "lost_share",
            WARNING,
            name,
            f"the missing features made up {lost:.0%} of a training patient's total, so what is left counts "
            "for too much",
        )
    strange = _share_of(new, ~new.var_names.isin(view.measured), declared)
    if strange > MUCH:
        yield Finding(
            "extra_share",
            WARNING,
            name,
            f"features that were not in training make up {strange:.0%} of these patients' total and are left out of it",
        )


def _share_of(view: AnnData, features: NDArray[np.bool_], declared: ViewSpec) -> float:
    """Mean share of `features` in the total of the patients of `view`."""
    shares = [np.empty(0)]
    for _, raw in value_blocks(view) if features.any() else ():
        parts = amounts(raw, declared.scale)
        if parts is not None:
            total = np.nansum(parts, axis=1)
            shares.append(np.nansum(parts[:, features], axis=1)[total > 0] / total[total > 0])
    together = np.concatenate(shares)
    return float(together.mean()) if len(together) else 0.0
