"""Groups of patients, written into a cohort."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

import pandas as pd

from omics.common.errors import ConfigError
from omics.common.json_objects import to_json
from stratomics.api.tools.stored_factors import checked_cohort, writable
from stratomics.runtime.logs import quiet_libraries
from stratomics.strata.groups.analysis import GroupSettings, analyse_groups
from stratomics.strata.groups.subtypes import search_subtypes as search_without_check

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["search_subtypes", "subtypes"]

Others = ParamSpec("Others")
Result = TypeVar("Result")


def _of_cohort(
    function: Callable[Concatenate[MuData, Others], Result],
) -> Callable[Concatenate[MuData, Others], Result]:
    """Check first that the first argument is a cohort."""

    def checked(cohort: MuData, /, *args: Others.args, **kwargs: Others.kwargs) -> Result:
        return function(checked_cohort(cohort), *args, **kwargs)

    return update_wrapper(checked, function)


search_subtypes = _of_cohort(search_without_check)


def subtypes(
    cohort: MuData,
    k: int | None = None,
    *,
    numbers: Sequence[int] = (2, 3, 4, 5, 6),
    labels: str | None = None,
    templates: str | Path | None = None,
    model: str = "gfa",
    count: int = 15,
    key_added: str = "subtype",
    seed: int = 1,
    copy: bool = False,
) -> MuData | None:
    """Search for groups of patients without outcomes, and write them into the cohort.

    Parameters
    ----------
    cohort
        The patients, who may lack any of the views.
    k
        Number of groups to learn in any case; by default the largest number that the data support.
    numbers
        Numbers of groups to test.
    labels
        Column of the samples table with published subtypes to learn.
    templates
        Table of published signatures, for nearest template prediction.
    model, count
        Factor model and its number of factors.
    key_added
        Key of what is written.
    seed
        Seed of everything that is random.
    copy
        Write into a copy of the cohort, and return it.

    Returns
    -------
    MuData or None
        The copy if `copy` is True. Otherwise `cohort` gets ``obs["subtype"]``, missing for a patient without any view
        and for all if there are no groups; ``obs["subtype_p_S1"]`` and so on, the probability of each group; and
        ``uns["subtype"]``, the findings of ``subtypes.json`` as text.

    Raises
    ------
    ConfigError
        If the key is a column of the samples table already, or a setting is wrong.
    DataError
        If groups or labels cannot be learned.
    """
    checked_cohort(cohort, write=not copy)
    if key_added in cohort.obs and key_added not in cohort.uns:
        raise ConfigError(
            f"key_added is '{key_added}', which is a column of the samples table; choose another name"
        )
    quiet_libraries()
    place = None if templates is None else Path(templates)
    settings = GroupSettings(tuple(numbers), k, model, count, seed=seed, labels=labels, templates=place)
    analysis = analyse_groups(cohort, settings)
    target = writable(cohort, copy=copy)
    stored, earlier = (
        analysis.stored,
        [name for name in target.obs if str(name).startswith(f"{key_added}_p_S")],
    )
    target.obs.drop(columns=earlier, inplace=True)  # noqa: PD002  # obs of a MuData is changed in place
    group = pd.Series(None, target.obs_names, dtype=object)
    if "mixture" in stored.tables.groups:
        group[stored.tables.groups["sample_id"]] = stored.tables.groups["mixture"].to_numpy(dtype=object)
        predicted = stored.tables.extra["patients"].set_index("sample_id")
        for name in stored.findings.sizes:
            target.obs[f"{key_added}_p_{name}"] = predicted.loc[target.obs_names, f"p_{name}"].to_numpy()
    target.obs[key_added] = pd.Categorical(group)
    target.uns[key_added] = json.dumps(to_json(stored.findings))
    return target if copy else None
