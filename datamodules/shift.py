"""Differences between a new cohort and the training patients: missing or extra features, values out of range."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from datamodules.feature_match import match_features
from datamodules.harmonizer import Harmonizer
from datamodules.steps.site import SiteCorrection, large_sites
from datamodules.view_harmonizer import ViewHarmonizer
from omics.checks.finding import INFO, WARNING, Finding
from omics.cohort.read import cohort_spec
from omics.cohort.spec import ViewSpec
from omics.common.view_blocks import measured_patients, value_blocks
from omics.modalities.amounts import amounts

if TYPE_CHECKING:
    from anndata import AnnData
    from mudata import MuData

__all__ = ["shift_findings"]

WARNING_SHARE = 0.05
"""Warn where a larger share of a patient's total is lost, or a larger share of values is outside the range."""


def shift_findings(harmonizer: Harmonizer, cohort: MuData) -> list[Finding]:
    """Compare `cohort` with what `harmonizer` was trained on, before it is predicted.

    Parameters
    ----------
    harmonizer
        The fitted harmonizer of the model.
    cohort
        The new patients.

    Returns
    -------
    list of Finding
        Codes for views: ``view_absent``, ``other_scale``, ``features_missing``, ``features_extra``,
        ``features_reordered``, ``other_names``,
        ``lost_share``, ``extra_share``, ``outside_range``, ``view_extra``. Codes for patients:
        ``covariate_absent``, ``category_unseen``, ``covariate_text``, ``outside_range``, ``site_unseen``,
        ``site_unknown``. The list is empty for the training cohort.

    Examples
    --------
    >>> from omics.cohort.read import read_cohort
    >>> from datamodules.config import HarmonizeConfig
    >>> cohort = read_cohort("bundled:tcga_acc")
    >>> harmonizer = Harmonizer(HarmonizeConfig()).fit(cohort)
    >>> shift_findings(harmonizer, cohort)
    []
    >>> del cohort.mod["rppa"]
    >>> shift_findings(harmonizer, cohort)[0].code
    'view_absent'
    """
    view_findings = (
        finding for name in harmonizer.views for finding in _view_findings(harmonizer, name, cohort)
    )
    extra_views = (
        Finding("view_extra", INFO, name, "the model was trained without this view, which is not used")
        for name in cohort_spec(cohort).views
        if name not in harmonizer.views
    )
    covariate_findings = (
        Finding(code, WARNING, covariate, sentence)
        for code, covariate, sentence in harmonizer.covariates.shift_findings(cohort.obs)
    )
    return [*view_findings, *extra_views, *covariate_findings]


def _view_findings(harmonizer: Harmonizer, name: str, cohort: MuData) -> Iterator[Finding]:
    view = harmonizer.views[name]
    if name not in cohort.mod or not measured_patients(cohort[name]).any():
        yield Finding(
            "view_absent", WARNING, name, "no patient has this view; predictions use the other views only"
        )
        return
    declared = harmonizer.declared(cohort, name)
    if declared.scale != view.spec.scale:
        yield Finding(
            "other_scale",
            WARNING,
            name,
            f"it is declared {declared.scale}, but the model was trained on {view.spec.scale}: both are converted to "
            "the same harmonized scale, but the values may differ",
        )
    yield from _feature_findings(view, name, cohort[name], declared)
    patients = harmonizer.patients(cohort, name)
    extreme, measured = view.outside(cohort[name], declared, patients)
    if extreme.any():
        worst = int((extreme / np.maximum(measured, 1)).argmax())
        share = extreme.sum() / measured.sum()
        yield Finding(
            "outside_range",
            WARNING if share > WARNING_SHARE else INFO,
            name,
            f"{int(extreme.sum())} values ({share:.2%}) of {int((extreme > 0).sum())} feature(s) are far outside the "
            f"range of training, most often of {view.features[worst]} ({extreme[worst]} of {measured[worst]})",
        )
    match = match_features(view.features, cohort[name].var_names, declared.scale)
    if empty := int(((measured == 0) & ~match.absent).sum()):
        sentence = (
            f"{empty} of the {len(measured)} features that the model uses are present but have no values"
        )
        yield Finding("features_missing", WARNING, name, sentence)
    if correction := view.steps.get("site"):
        yield from _site_findings(correction, name, patients.site, adapts=harmonizer.config.adapt)


def _site_findings(
    correction: SiteCorrection, name: str, site: NDArray[np.str_], *, adapts: bool
) -> Iterator[Finding]:
    if unknown := int((site == "").sum()):
        yield Finding(
            "site_unknown", WARNING, name, f"{unknown} patient(s) have no site and get no site correction"
        )
    unseen = sorted(set(site) - set(correction.seen) - {""})
    if not unseen or not correction.sites:
        return
    estimated = [s for s in unseen if adapts and s in large_sites(site)]
    correction_text = (
        f"is estimated from these patients for {len(estimated)} of {len(unseen)} site(s) (adapt: true)"
        if adapts
        else "is not done"
    )
    yield Finding(
        "site_unseen",
        WARNING,
        name,
        f"{int(np.isin(site, unseen).sum())} patient(s) come from site(s) that are not in the training set, "
        f"{', '.join(unseen[:3])}: site correction {correction_text}",
    )


def _feature_findings(view: ViewHarmonizer, name: str, new: AnnData, declared: ViewSpec) -> Iterator[Finding]:
    match = match_features(view.measured, new.var_names, declared.scale)
    absent = match.absent
    if absent.any():
        kept = int(view.features.isin(view.measured[absent]).sum())
        yield Finding(
            "features_missing",
            WARNING if kept else INFO,
            name,
            f"{int(absent.sum())} of the {len(absent)} features of training are missing, among them {kept} of the "
            f"{len(view.features)} that the model uses, such as {view.measured[absent][0]}",
        )
    if extra := int(match.unused.sum()):
        yield Finding(
            "features_extra", INFO, name, f"{extra} features are not in the training set and are not used"
        )
    for note in match.notes:
        yield Finding("other_names", INFO, name, note)
    if (np.diff(match.columns[~absent]) < 0).any():
        yield Finding(
            "features_reordered", INFO, name, "its features are in another order; they are matched by name"
        )
    if not len(view.share):
        return
    lost = float(view.share[absent].sum())
    if lost > WARNING_SHARE:
        yield Finding(
            "lost_share",
            WARNING,
            name,
            f"the missing features made up {lost:.0%} of a training patient's total, so the shares of the other "
            "features are too large",
        )
    extra_share = _share_of(new, match.unused, declared)
    if extra_share > WARNING_SHARE:
        yield Finding(
            "extra_share",
            WARNING,
            name,
            f"features that are not in the training set make up {extra_share:.0%} of these patients' total and are "
            "not used",
        )


def _share_of(view: AnnData, features: NDArray[np.bool_], declared: ViewSpec) -> float:
    """Mean share of `features` in a patient's total, over the patients of `view`."""
    shares = [np.empty(0)]
    for _, raw in value_blocks(view) if features.any() else ():
        parts = amounts(raw, declared.scale)
        if parts is not None:
            total = np.nansum(parts, axis=1)
            shares.append(np.nansum(parts[:, features], axis=1)[total > 0] / total[total > 0])
    all_shares = np.concatenate(shares)
    return float(all_shares.mean()) if len(all_shares) else 0.0
