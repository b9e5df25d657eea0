"""Labels inside a view, by name and by values."""

from __future__ import annotations

import numpy as np
import pandas as pd

from omics.checks.circular import features_that_repeat, labels_in_views
from omics.cohort.assemble import assemble_cohort
from omics.cohort.spec import CohortSpec, EndpointSpec, ViewSpec

N = 40


def test_a_mutation_that_is_a_declared_label_is_found() -> None:
    rng = np.random.default_rng(1)
    status = rng.random(N) < 0.5
    names = [f"p{n}" for n in range(N)]
    mutations = pd.DataFrame(
        {
            "IGHV": rng.integers(0, 2, N).astype(float),  # the name of the label, with other values
            "X1": 1.0 - status,  # its values in other words
            "TP53": rng.integers(0, 2, N).astype(float),
        },
        index=names,
    )
    rna = pd.DataFrame(rng.standard_normal((N, 3)) + 5.0 * status[:, None], names, ["a", "b", "c"])
    samples = pd.DataFrame({"answer": rng.integers(0, 2, N), "ighv": np.where(status, "M", "U")}, index=names)
    spec = CohortSpec(
        "cll",
        {"mutations": ViewSpec("genomics", "binary"), "rna": ViewSpec("transcriptomics", "log")},
        {"answer": EndpointSpec("response", column="answer", positive=1)},
    )
    cohort = assemble_cohort(samples, {"mutations": mutations, "rna": rna}, spec, "0", "samples.csv")
    assert features_that_repeat(cohort, "ighv", cohort.obs["ighv"]) == {"mutations": ["IGHV", "X1"]}
    (finding,) = labels_in_views(cohort)
    assert finding.code == "label_in_view"
    assert finding.place == "mutations"
    assert finding.sentence.startswith(
        "IGHV, X1 repeat(s) the label 'ighv'; groups that are learned from this view"
    )


def test_the_bundled_cohort_has_no_label_in_a_view(acc: object) -> None:
    assert list(labels_in_views(acc)) == []  # type: ignore[arg-type]  # a MuData
