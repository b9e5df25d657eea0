"""Plots: each function draws on one Axes, creates it if none is given, and returns it."""

from __future__ import annotations

from omics.common.registry import lazy_getattr

_PLOTS = {
    "biology": "stratomics.api.pl.set_plots:biology",
    "calibration": "stratomics.api.pl.evaluation:calibration",
    "factors": "stratomics.api.pl.factor_plots:factors",
    "forest": "stratomics.api.pl.evaluation:forest",
    "km": "stratomics.api.pl.survival:km",
    "loadings": "stratomics.api.pl.factor_plots:loadings",
    "performance": "stratomics.api.pl.evaluation:performance",
    "power": "stratomics.api.pl.trial:power",
    "targeting": "stratomics.api.pl.trial:targeting",
    "twin": "stratomics.api.pl.twin_plot:twin",
    "umap": "stratomics.api.pl.embedding:umap",
    "variance_explained": "stratomics.api.pl.factor_plots:variance_explained",
}
"""Name -> function."""

__getattr__ = lazy_getattr(__name__, _PLOTS)


def __dir__() -> list[str]:
    return sorted(_PLOTS)
