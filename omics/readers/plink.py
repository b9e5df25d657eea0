"""Read binary genotypes of PLINK 1: the number of copies of allele A1."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.common.errors import CohortError
from omics.common.memory import check_table_size
from omics.readers.matrix import patient_table

__all__ = ["read_bed"]

MAGIC = b"\x6c\x1b"
SNP_MAJOR = 1
# Two bits per patient, the first patient in the lowest: 00 is A1 A1, 01 missing, 10 heterozygous, 11 A2 A2.
A1_COPIES = np.array([2.0, np.nan, 1.0, 0.0])
PER_BYTE = 4
DECODED = A1_COPIES[(np.arange(256)[:, None] >> np.array([0, 2, 4, 6])) & 3]  # byte x patient


def read_bed(path: Path) -> pd.DataFrame:
    """Read dosages of allele A1 from the ``.bed``, ``.bim`` and ``.fam`` files of PLINK 1.

    A1 is the fifth column of the ``.bim``, usually the minor allele. Since the minor allele depends on the patients,
    the name of a feature includes it: ``rs123_A``, as from ``plink --recode A``. A variant called ``.`` is named
    ``CHROM:POS:A1:A2_A1``. An id is ``FID_IID``, or only
    ``IID`` where FID is 0 or equal to it.

    Parameters
    ----------
    path
        The ``.bed``, SNP-major; ``.bim`` and ``.fam`` have the same name in the same folder.

    Returns
    -------
    DataFrame
        ``sample_id``, then one column per variant with 0, 1, 2 or NaN, in the order of the ``.bim``.

    Raises
    ------
    CohortError
        If a companion is missing or does not have six columns, the magic bytes are wrong, the order is
        individual-major, the size contradicts the companions, or a variant appears twice.

    References
    ----------
    https://www.cog-genomics.org/plink/1.9/formats#bed
    """
    family = _read_companion(path.with_suffix(".fam"))
    variants = _read_companion(path.with_suffix(".bim"))
    copies = _decode(path, len(variants), len(family))
    ids = [
        iid if fid in ("0", iid) else f"{fid}_{iid}" for fid, iid in zip(family[0], family[1], strict=True)
    ]
    # A VCF without ids gives variants called '.'; such a variant is named by its place and its alleles.
    called = variants[1].where(
        variants[1] != ".", variants[0] + ":" + variants[3] + ":" + variants[4] + ":" + variants[5]
    )
    names = [f"{variant}_{a1}" for variant, a1 in zip(called, variants[4], strict=True)]
    return patient_table(ids, names, copies.T, str(path))


def _read_companion(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise CohortError("no such file; .bed, .bim and .fam belong together", "missing_file", file=str(path))
    rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    wrong = next((number for number, row in enumerate(rows, start=1) if len(row) != 6), None)  # noqa: PLR2004  # columns of a .fam file
    if wrong is not None:
        raise CohortError(
            f"line {wrong} does not have six columns; write the files again with plink --make-bed",
            "ragged_row",
            file=str(path),
        )
    return pd.DataFrame(rows, columns=range(6), dtype=object)


def _decode(path: Path, variants: int, patients: int) -> NDArray[np.float64]:
    """Return the copies of A1: variants x patients."""
    content = path.read_bytes()
    if content[:2] != MAGIC or len(content) <= len(MAGIC):
        raise CohortError(
            "not a PLINK 1 .bed (its first bytes are not 6c 1b); write it with plink --make-bed",
            "wrong_magic",
            file=str(path),
        )
    if content[2] != SNP_MAJOR:
        raise CohortError(
            "individual-major order; write it again with plink --make-bed, which is SNP-major",
            "individual_major",
            file=str(path),
        )
    width = -(-patients // PER_BYTE)
    actual, expected = len(content) - 3, variants * width
    if actual != expected:
        raise CohortError(
            f"{actual} bytes of genotypes, and {variants} variants x {patients} patients need {expected}; "
            "use .bed, .bim and .fam of the same data set",
            "wrong_shape",
            file=str(path),
        )
    check_table_size(variants, patients, str(path))
    packed = np.frombuffer(content, dtype=np.uint8, offset=3).reshape(variants, width)
    copies: NDArray[np.float64] = DECODED[packed].reshape(variants, width * PER_BYTE)
    return copies[:, :patients]
