"""A small cohort of two groups with a survival, a response, arms, sites and a label; and an analysis of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from omics.cohort.assemble import assemble_cohort
from omics.cohort.spec import ArmSpec, CohortSpec, EndpointSpec, ViewSpec
from stratomics.strata.groups import existence
from stratomics.strata.groups.analysis import GroupAnalysis, GroupSettings, analyse_groups

if TYPE_CHECKING:
    from mudata import MuData

SPEC = CohortSpec(
    "two",
    {"rna": ViewSpec("transcriptomics", "log"), "protein": ViewSpec("proteomics", "log")},
    {
        "survival": EndpointSpec("survival", time="time", event="event"),
        "answer": EndpointSpec("response", column="answer", positive=1),
    },
    title="Two <b>groups</b>",
    arm=ArmSpec("arm", "control"),
    site="site",
)


def grouped_cohort(n: int = 72, seed: int = 3) -> MuData:
    """The first half of the patients is of kind a, and lives longer; protein is missing in every fifth patient."""
    rng = np.random.default_rng(seed)
    names = [f"p{number:02d}" for number in range(n)]
    kind = np.arange(n) < n // 2
    views = {}
    for name, features in (("rna", 40), ("protein", 25)):
        values = rng.standard_normal((n, features))
        values[:, : features // 2] += 2.5 * kind[:, None]
        columns = [f"{name}{number}" for number in range(features)]
        views[name] = pd.DataFrame(values, names, columns)
    views["protein"] = views["protein"][np.arange(n) % 5 > 0]
    samples = pd.DataFrame(
        {
            "time": np.ceil(rng.exponential(np.where(kind, 900.0, 300.0))),
            "event": rng.random(n) < 0.7,
            "answer": (rng.random(n) < np.where(kind, 0.7, 0.3)).astype(int),
            "arm": np.where(rng.random(n) < 0.5, "control", "drug"),
            "site": np.where(rng.random(n) < 0.5, "Lyon", "Leeds"),
            "kind": np.where(kind, "a", "b"),
        },
        index=names,
    )
    return assemble_cohort(samples, views, SPEC, "0" * 64, "samples.csv")


def analysed(cohort: MuData, **settings: Any) -> GroupAnalysis:
    """Analyse a cohort, with few draws in the test of existence."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("HALVES", 2), ("DRAWS", 3), ("DRAW_HALVES", 2), ("NEARLY", 2.0)):
            patch.setattr(existence, name, value)
        given = {"numbers": (2, 3), "k": 2, "model": "pca", "count": 3, "seed": 1} | settings
        return analyse_groups(cohort, GroupSettings(**given))
