"""What a record in MLflow leaves out with ``patient_data: false``."""

from __future__ import annotations

from pathlib import Path

from pyarrow import parquet

from stratomics.tracking.mlflow_run import PATIENT_TABLES


def test_every_table_with_rows_of_patients_can_be_left_out(small_run: Path) -> None:
    tables = {path.name: parquet.read_schema(path).names for path in small_run.rglob("*.parquet")}
    with_patients = {name for name, columns in tables.items() if "sample_id" in columns}
    assert {"predictions.parquet", "contributions.parquet"} <= with_patients <= set(PATIENT_TABLES)
    assert {"exposure.parquet", "exposure.json", "activity.parquet", "pgx.parquet"} <= set(PATIENT_TABLES)
