"""Gene-set analysis of the factors of a finished run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from datamodules.exposure.exposure_view import with_exposure
from datamodules.harmonizer import Harmonizer
from omics.cohort.read import cohort_digest, read_cohort
from omics.common.errors import DataError, InputError
from omics.common.files import read_parquet
from stratomics.runs.run_directory import RunDirectory
from stratomics.strata.biology.from_cohort import (
    activity_of,
    factor_comparison,
    feature_tables,
    group_comparisons,
)
from stratomics.strata.biology.panel_sets import analyse_everything, panel_scores
from stratomics.strata.biology.result import SetAnalysis
from stratomics.strata.biology.sets import read_gmt
from stratomics.strata.panel.panel import PANEL, LockedPanel

__all__ = ["analyse_run"]


def analyse_run(run: RunDirectory, sets: Path | None = None, groups: str | None = None) -> SetAnalysis:
    """Test sets of features for each factor of a run that is not of poor stability, and for its locked panel.

    Parameters
    ----------
    run
        A finished run; its cohort must still be where it was.
    sets
        A gmt file, in place of the sets that are shipped.
    groups
        Column of the samples table; each of its groups is tested against the rest too.

    Returns
    -------
    SetAnalysis
        Tests, notes and pathway activity.

    Raises
    ------
    InputError
        If the run has no factors, its cohort has changed, or the sets cannot be read.
    DataError
        If nothing can be tested.
    """
    if not run.finished:
        raise InputError(f"{run.path}: not a finished run directory; create one with `stratomics run`")
    given = None if sets is None else read_gmt(sets)
    stability = run.factor_stability
    if stability is None:
        raise InputError(
            f"{run.path}: this run has no factors, which gene-set analysis describes; run it again"
        )
    cohort = with_exposure(read_cohort(str(run.config["cohort"])))
    if (
        cohort_digest(cohort) != run.provenance["cohort_digest"]
        and run.config["split"].get("external") is None
    ):
        raise InputError(f"{run.config['cohort']}: the cohort has changed since this run; run it again")
    harmonizer = Harmonizer.load(run.path / "factors", "reference.harmonizer")
    scores = read_parquet(run.path / "factors" / "factors.parquet").set_index("sample_id")
    model, notes = factor_comparison(scores[[*map(str, stability["factor"])]], stability)
    families = [
        [model] if model.tested else [],
        [] if groups is None else group_comparisons(cohort.obs, groups),
    ]
    locked = run.path / PANEL
    if not any(families) and not locked.is_file():
        raise DataError(
            "all factors have poor stability, so that none is interpreted; name --groups to compare"
        )
    panel = panel_scores(LockedPanel.load(locked), cohort) if locked.is_file() else None
    found = analyse_everything(feature_tables(cohort, harmonizer), families, panel, given)
    return replace(found, notes=(*notes, *found.notes), activity=activity_of(cohort))
