"""Cohorts from disk, and from MuData, AnnData or data frames in memory, with endpoints named as arguments."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from numpy.typing import NDArray

from datamodules.exposure.exposure_view import with_exposure
from omics.cohort.assemble import join_cohort
from omics.cohort.endpoint_columns import check_endpoints
from omics.cohort.h5mu import UNS, allow_shared_feature_names
from omics.cohort.new_patients import read_new_patients
from omics.cohort.parse import parse_spec
from omics.cohort.read import read_cohort as read_with_endpoints
from omics.cohort.samples import checked_samples
from omics.cohort.spec import ArmSpec, CohortSpec, EndpointSpec, ViewSpec
from omics.common.errors import CohortError
from omics.common.files import digest_contents
from stratomics.api.memory_tables import MemoryTables, read_memory, typed_view

if TYPE_CHECKING:
    from anndata import AnnData
    from mudata import MuData

__all__ = ["cohort", "read_cohort"]

log = logging.getLogger(__name__)

CLINICAL = "the clinical table"


@dataclass(frozen=True)
class Columns:
    """Columns of the clinical table by their role."""

    time: str | None
    event: str | None
    response: str | None
    entry: str | None
    cause: str | None
    unit: str
    positive: Any
    levels: Sequence[Any] | None

    def endpoints(self) -> dict[str, EndpointSpec]:
        """Endpoints of these columns; survival first."""
        endpoints: dict[str, EndpointSpec] = {}
        if (self.time is None) != (self.event is None):
            raise CohortError("a survival endpoint has a time and an event; name both", "missing_key")
        if self.time is not None:
            endpoints["survival"] = EndpointSpec(
                "survival",
                time=self.time,
                event=self.event,
                unit=self.unit,
                cause=self.cause,
                entry=self.entry,
            )
        elif self.entry is not None or self.cause is not None:
            raise CohortError(
                "entry and cause belong to a survival endpoint; name time and event too", "missing_key"
            )
        if self.response is not None:
            levels = None if self.levels is None else list(self.levels)
            positive = (
                None if levels is not None and self.positive == 1 and 1 not in levels else self.positive
            )
            endpoints["response"] = EndpointSpec(
                "response", column=self.response, positive=positive, levels=levels
            )
        return endpoints


def cohort(
    data: MuData | AnnData | Mapping[str, pd.DataFrame | AnnData] | str | Path,
    clinical: pd.DataFrame | None = None,
    *,
    time: str | None = None,
    event: str | None = None,
    response: str | None = None,
    outcome: NDArray[Any] | None = None,
    entry: str | None = None,
    cause: str | None = None,
    unit: str = "days",
    positive: Any = 1,
    levels: Sequence[Any] | None = None,
    arm: str | None = None,
    control: Any = None,
    treated: Any = None,
    randomised: str = "no",
    covariates: Sequence[str] = (),
    site: str | None = None,
    group: str | None = None,
    modality: Mapping[str, str] | None = None,
    scale: Mapping[str, str] | None = None,
    name: str = "cohort",
) -> MuData:
    """Make a cohort from tables in memory, or from an ``.h5ad`` or ``.h5mu`` file of any origin.

    Parameters
    ----------
    data
        Views: a MuData, one AnnData, view -> AnnData or DataFrame (one row per patient, indexed by id), or a file.
    clinical
        One row per patient, indexed by id; by default ``.obs`` of `data`, or no columns for a dict. It may have
        patients without any view.
    time, event
        Columns of the time to the event or to censoring, and of the event, 1 or True if it occurred.
    response, positive, levels
        Column of the response, its positive value, and its levels from low to high if there are more than two.
    outcome
        (n,) structured array with one field of events (bool) and one of times, as scikit-survival has it, in the order
        of `clinical`; instead of `time` and `event`.
    entry, cause
        Columns of the time of entry (left truncation) and of the cause of the event (1, 2, ...; 0 for none).
    unit
        Unit of the times: days, weeks, months or years.
    arm, control, treated, randomised
        Column of the treatment arm, its value in the control arm and in the treated arm, and how patients were
        allocated: yes, no or adaptive.
    covariates, site, group
        Columns that are known before treatment, of the site, and of patients who must stay together in a split.
    modality, scale
        View -> modality and scale as in ``cohort.yaml``; guessed from names and values if left out, with a note.
    name
        Name of the cohort.

    Returns
    -------
    MuData
        As from :func:`stratomics.read_cohort`. The input is not changed. Without an endpoint it serves for factors.

    Raises
    ------
    CohortError
        If a column or a patient is missing, or a value is wrong.

    Examples
    --------
    >>> rna = pd.DataFrame([[5.1, 0.2], [4.0, 1.1], [6.3, 0.9]], ["a", "b", "c"], ["TP53", "KRAS"])
    >>> clinical = pd.DataFrame({"years": [1.0, 2.0, 3.5], "died": [1, 0, 1]}, ["a", "b", "c"])
    >>> made = cohort(
    ...     {"rna": rna}, clinical, time="years", event="died", unit="years",
    ...     modality={"rna": "transcriptomics"}, scale={"rna": "log"},
    ... )
    >>> list(made.mod), made.n_obs
    (['clinical', 'rna'], 3)
    """
    tables = read_memory(data, clinical)
    if outcome is not None:
        tables, time, event = tables.with_outcome(outcome, time, event)
    columns = Columns(time, event, response, entry, cause, unit, positive, levels)
    views, specs = _views(tables, modality or {}, scale or {})
    treatment = None
    if arm is not None:
        if control is None:
            raise CohortError(
                "an arm needs the value of its control; give control=", "missing_key", column=arm
            )
        treatment = ArmSpec(arm, control, treated, randomised)  # type: ignore[arg-type]  # parse_spec checks the word
    given = CohortSpec(
        name=name,
        views=specs,
        endpoints=columns.endpoints(),
        arm=treatment,
        covariates=(covariates,) if isinstance(covariates, str) else tuple(covariates),
        site=site,
        group=group,
    )
    spec = parse_spec(given.as_dict(), CLINICAL)
    check_endpoints(tables.clinical, spec, CLINICAL)
    samples = checked_samples(tables.clinical, spec, CLINICAL)
    made = join_cohort(samples, views, spec, _digest(samples, views, spec))
    for view, table in tables.views.items():
        made[view].var = table.var.reindex(made[view].var_names)
    return made


def read_cohort(source: str | Path) -> MuData:
    """Read a cohort and check it; a cohort without endpoints can be used for factors.

    Parameters
    ----------
    source
        A folder with ``cohort.yaml``, the yaml itself, an ``.h5mu`` file, or ``bundled:NAME``.

    Returns
    -------
    MuData
        One view per table, and all patients in ``.obs``. What :func:`stratomics.write_cohort` stored beside the tables,
        such as factors, is read too. Doses and levels that the cohort declares
        become the view ``exposure``.

    Raises
    ------
    CohortError
        One sentence with file, column and patient, where they are known.

    Examples
    --------
    >>> read_cohort("bundled:tcga_acc").n_obs
    92
    """
    try:
        read = read_with_endpoints(source)
    except CohortError as error:
        if error.code != "no_endpoints":
            raise
        read = read_new_patients(source)
    if str(source).endswith(".h5mu"):
        _restore_additions(read, Path(source))
    return with_exposure(read)


def _restore_additions(cohort: MuData, path: Path) -> None:
    """Add what an ``.h5mu`` file holds beside the tables: arrays of patients and of features, and ``.uns``."""
    import mudata

    with allow_shared_feature_names():
        stored = mudata.read_h5mu(path)
    # The masks of the views are in ``.obsm`` too.
    rows = stored.obs_names.get_indexer(cohort.obs_names)
    for key in set(stored.obsm) - set(stored.mod):
        cohort.obsm[key] = stored.obsm[key][rows]
    for key in set(stored.uns) - {UNS}:
        cohort.uns[key] = stored.uns[key]
    for name in set(stored.mod) & set(cohort.mod):
        view, other = cohort[name], stored[name]
        view.var = other.var.reindex(view.var_names)
        for key in other.varm:
            view.varm[key] = other.varm[key]
        for key in other.obsm:
            view.obsm[key] = other.obsm[key]


def _views(
    tables: MemoryTables, modality: Mapping[str, str], scale: Mapping[str, str]
) -> tuple[dict[str, pd.DataFrame], dict[str, ViewSpec]]:
    """Values and specification of each view."""
    for key in (*modality, *scale):
        if key not in tables.views:
            raise CohortError(
                f"modality or scale names the view '{key}', and the views are {', '.join(tables.views)}",
                "missing_view",
            )
    views, specs = {}, {}
    for name, table in tables.views.items():
        views[name], specs[name] = typed_view(name, table, modality.get(name), scale.get(name))
    return views, specs


def _digest(samples: pd.DataFrame, views: Mapping[str, pd.DataFrame], spec: CohortSpec) -> str:
    contents = {"spec": repr(spec.as_dict()).encode(), "samples": samples.to_csv().encode()}
    for name, frame in views.items():
        names = "\n".join([*map(str, frame.index), *map(str, frame.columns)])
        contents[name] = names.encode() + frame.to_numpy().tobytes()
    return digest_contents(contents)
