"""A small cohort with pharmacogenes, and the patients of the warfarin consortium."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

Find = Callable[[str], Path]

GENES = pd.DataFrame(
    {
        "sample_id": ["P1", "P2", "P3", "P4"],
        "CYP2D6": ["*1/*4", "*1/*1", "*4/*4", "*1/*22"],
        "CYP2C19": ["*1/*2", "*2/*2", "*17/*17", ""],
        "DPYD": ["Reference/Reference", "Reference/c.1905+1G>A (*2A)", "Reference/c.2846A>T", ""],
        "HLA-B": ["*57:01/*08:01", "*07:02/*08:01", "", ""],
        "TPMT": ["*1/*1", "*1/*3A", "*1/*10", "*1/*1"],
        "NUDT15": ["*1/*1", "*1/*1", "*1/*1", "*3/*3"],
    }
)
KNOWN_SIX = ("*1/*1", "*1/*2", "*1/*3", "*2/*2", "*2/*3", "*3/*3")


def write_pgx_cohort(folder: Path, genes: pd.DataFrame = GENES) -> Path:
    """Write a cohort with survival and one view of diplotypes."""
    ids = genes["sample_id"].tolist()
    outcome = pd.DataFrame(
        {"sample_id": ids, "time": np.arange(1.0, len(ids) + 1), "event": [1, 0] * (len(ids) // 2)}
    )
    outcome.to_csv(folder / "outcome.csv", index=False)
    genes.to_csv(folder / "pgx.csv", index=False)
    spec = {
        "name": "genes",
        "samples": {"file": "outcome.csv", "id": "sample_id"},
        "views": {"pgx": {"modality": "genomics", "scale": "activity", "format": "pgx", "file": "pgx.csv"}},
        "endpoints": {"survival": {"time": "time", "event": "event"}},
    }
    (folder / "cohort.yaml").write_text(yaml.safe_dump(spec), encoding="utf-8")
    return folder


def warfarin_patients(shared: Find) -> tuple[pd.DataFrame, pd.Series[float]]:
    """4,179 patients of IWPC with a stable dose below 300 mg/week, measurements and both genotypes; and their doses."""
    raw = pd.read_csv(shared("pharmacology/iwpc/iwpc.csv.gz"), low_memory=False).set_index(
        "PharmGKB Subject ID"
    )
    table = pd.read_csv(shared("pharmacology/iwpc/outcome.csv")).set_index("sample_id")
    table = table.dropna(subset=["age_decade", "height_cm", "weight_kg", "vkorc1_1639_imputed"])
    table = table[table["cyp2c9"].isin(KNOWN_SIX)]
    raw = raw.loc[table.index]
    indication = raw["Indication for Warfarin Treatment"].fillna("").astype(str).str.split("; ")
    patients = pd.DataFrame(
        {
            "age": 10.0 * table["age_decade"] + 5.0,
            "height_cm": table["height_cm"],
            "weight_kg": table["weight_kg"],
            "race": table["race"].replace({"Black or African American": "Black"}),
            "vkorc1": table["vkorc1_1639_imputed"],
            "cyp2c9": table["cyp2c9"],
            "amiodarone": table["amiodarone"].fillna(0.0),
            "inducer": table[["carbamazepine", "phenytoin", "rifampin"]].max(axis=1).fillna(0.0),
            "smoker": raw["Current Smoker"].fillna(0.0),
            "dvt_or_pe": indication.map(lambda codes: float(bool({"1", "2", "1 or 2", "1,2"} & set(codes)))),
            "target_inr": raw["Target INR"],
        }
    )
    return patients, table["dose_mg_week"]
