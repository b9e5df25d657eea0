"""Simulated single cells, and a small cohort with a file of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from anndata import AnnData
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from small import tables

TYPES = ("B cells", "NK/T", "monocytes")


def labelled(counts: Any, patients: list[Any], types: list[Any]) -> AnnData:
    """Cells with the columns `patient` and `cell_type`."""
    obs = pd.DataFrame(
        {"patient": patients, "cell_type": types}, index=[f"c{i}" for i in range(len(patients))]
    )
    var = pd.DataFrame(index=[f"g{j}" for j in range(counts.shape[1])])
    return AnnData(counts, obs=obs, var=var)


def simulated_cells(
    patients: list[str], risk: NDArray[np.float64], genes: int = 20, seed: int = 0
) -> AnnData:
    """12 to 25 cells per patient and type, and 3 where the positions of patient and type sum to a multiple of 7.

    The first genes of the monocytes, and the number of monocytes, increase with the risk.
    """
    rng = np.random.default_rng(seed)
    owner, kind = [], []
    for at, patient in enumerate(patients):
        for number, name in enumerate(TYPES):
            many = int(rng.integers(12, 26)) + int(5 * max(risk[at], 0)) * (name == "monocytes")
            count = many if (at + number) % 7 else 3
            owner += [patient] * count
            kind += [name] * count
    order = rng.permutation(len(owner))
    owner, kind = ([labels[i] for i in order] for labels in (owner, kind))
    shift = pd.Series(risk, patients).loc[owner].to_numpy() * (np.array(kind) == "monocytes")
    rate = np.exp(0.5 + rng.normal(scale=0.5, size=genes) + shift[:, None] * (np.arange(genes) < 5))
    return labelled(csr_matrix(rng.poisson(rate).astype(np.float32)), owner, kind)


def write_cells_cohort(folder: Path, n: int = 40, seed: int = 0) -> Path:
    """The small cohort of `small.tables`, with cells in place of its views; the last patient has no cells."""
    folder.mkdir()
    outcome = tables(n, seed)["outcome"]
    outcome.to_csv(folder / "outcome.csv", index=False)
    risk = -np.log(outcome["time"].to_numpy())
    cells = simulated_cells(
        list(outcome["sample_id"])[:-1], ((risk - risk.mean()) / risk.std())[:-1], seed=seed
    )
    cells.write_h5ad(folder / "cells.h5ad")
    (folder / "cohort.yaml").write_text(yaml.safe_dump(cells_specification()))
    return folder


def cells_specification() -> dict[str, Any]:
    """The ``cohort.yaml`` of :func:`write_cells_cohort`."""
    blood = {"file": "cells.h5ad", "format": "cells", "modality": "transcriptomics", "scale": "counts"}
    return {
        "name": "cells",
        "samples": {"file": "outcome.csv", "id": "sample_id"},
        "views": {"blood": blood | {"patient": "patient", "cell_type": "cell_type"}},
        "endpoints": {"survival": {"time": "time", "event": "event", "unit": "days"}},
        "covariates": ["age", "stage"],
    }
