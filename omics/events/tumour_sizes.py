"""Sizes of patients' tumours over time, as a cohort holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from omics.common.errors import CohortError
from omics.events.check_sizes import check_sizes
from omics.readers.notes import TO_CHECK, left_out_note

__all__ = ["AFTER_BASELINE", "TUMOUR_SIZE", "SizeTable"]

TUMOUR_SIZE = "tumour_size"
"""Key of ``cohort.yaml`` and of ``uns["stratomics"]``."""

AFTER_BASELINE = "after_baseline_"
"""Start of names of columns that were estimated from sizes after baseline; no cohort reads them as predictors."""

COLUMNS = ("patient", "time", "size", "censored", "row")
SIZES = "sizes"


@dataclass(frozen=True)
class SizeTable:
    """Sizes, one row each, by patient and time.

    ``table`` has the columns ``patient`` (id), ``time`` (weeks; 0 is when treatment begins), ``size`` (sum of longest
    diameters in mm; the limit where it is below it), ``censored`` (bool: below the limit) and ``row`` (of the file,
    from 1). ``to_check`` has findings of reading: code -> sentence.
    """

    table: pd.DataFrame
    to_check: Mapping[str, str] = field(default_factory=dict)

    @property
    def patients(self) -> pd.Index:
        """Ids of the patients, in the order of the table."""
        return pd.Index(self.table["patient"].unique())

    def take(self, patients: pd.Index) -> SizeTable:
        """Select the sizes of some patients, with a finding about those who are left out."""
        others = self.patients.difference(patients, sort=False)
        if not len(others):
            return self
        left_out = left_out_note("patient(s) who are not in the samples table", list(map(str, others)))
        kept = self.table[self.table["patient"].isin(patients)].reset_index(drop=True)
        return SizeTable(
            kept, {**self.to_check, "patients_left_out": f"{left_out}; strict: true refuses them"}
        )

    def to_uns(self) -> dict[str, object]:
        """Plain values, which are copied with a cohort and written to ``.h5mu``."""
        # A text index, since AnnData stores no other.
        return {SIZES: self.table.set_axis(self.table.index.astype(str)), TO_CHECK: dict(self.to_check)}

    @classmethod
    def from_uns(cls, content: Mapping[str, Any], file: str) -> SizeTable:
        """Read what :meth:`to_uns` gave, and check it again.

        Parameters
        ----------
        content
            As from :meth:`to_uns`.
        file
            Named in errors.

        Returns
        -------
        SizeTable
            The sizes.

        Raises
        ------
        CohortError
            If a column is missing, or a row is wrong.
        """
        table = content.get(SIZES)
        if not isinstance(table, pd.DataFrame) or not {*COLUMNS} <= set(table):
            place = f"uns['stratomics']['{TUMOUR_SIZE}']['{SIZES}']"
            sentence = (
                f"{TUMOUR_SIZE} is declared, but {place} lacks columns of sizes; write the cohort again"
            )
            raise CohortError(sentence, "missing_sizes", file=file)
        table = table.reset_index(drop=True)
        check_sizes(table, file)
        return cls(table, dict(content.get(TO_CHECK, {})))
