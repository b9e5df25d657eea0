"""Read VCF and BCF: the number of copies of each alternative allele."""

from __future__ import annotations

import gzip
import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.common.errors import CohortError
from omics.common.memory import check_table_size
from omics.readers.matrix import patient_table
from omics.readers.notes import attach_notes
from omics.readers.optional_packages import require_package

__all__ = ["KEEP", "LEAVE_OUT", "check_end", "check_record", "open_vcf", "read_vcf"]

log = logging.getLogger(__name__)

KEEP, LEAVE_OUT = "keep", "leave_out"
"""What becomes of variants that the caller filtered."""

PASSED = ("PASS", ".", "")

CHROMOSOME = re.compile(r"[0-9A-Za-z!#$%&+./:;?@^_|~-][0-9A-Za-z!#$%&*+./:;=?@^_|~-]*")
"""Names of chromosomes: the VCF specification, section 1.4.7."""

GZIP_START = b"\x1f\x8b"

COLUMNS = b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"

# The empty block that closes every BGZF file: SAM specification, section 4.1.2.
BGZF_START = bytes.fromhex("1f8b0804")
BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def read_vcf(path: Path, filtered: str = LEAVE_OUT) -> pd.DataFrame:
    """Read dosages of the alternative alleles from a VCF or BCF file, also with gzip and bgzip.

    Each ALT allele is one feature, named ``CHROM:POS:REF:ALT``: a site with two ALT alleles gives two features.
    The dosage is FORMAT ``DS`` where a call has one, otherwise the number of times that the allele is in ``GT``. A
    haploid call counts 0 or 1. A call with a missing allele, such as ``./.`` or ``./1``, is NaN. Variants with a FILTER
    other than PASS are left out, and genotypes with an FT other than PASS are NaN; the log and ``check`` report both.

    Parameters
    ----------
    path
        ``.vcf``, ``.vcf.gz`` or ``.bcf``.
    filtered
        ``keep`` to read filtered variants and genotypes as all others.

    Returns
    -------
    DataFrame
        ``sample_id``, then one column per ALT allele, in the order of the file.

    Raises
    ------
    CohortError
        If the file is damaged or cut, has no patients or no variants, a variant appears twice, a record has neither
        DS nor GT, DS is not one float per ALT allele, or a genotype has an allele that the site does not have.
    InputError
        If cyvcf2 is not installed.

    References
    ----------
    The Variant Call Format Specification, VCFv4.5 and BCFv2.2,
    https://samtools.github.io/hts-specs/VCFv4.5.pdf
    """
    check_end(path)
    try:
        file = open_vcf(path)
        patients = list(file.samples)
        found = _read_variants(file, len(patients), path, filtered == KEEP) if patients else _Variants()
    except CohortError:
        raise
    except Exception as error:  # noqa: BLE001  # cyvcf2 has no specific class for a broken record
        raise CohortError(
            f"cannot be read as VCF or BCF ({error}); check it with: bcftools view FILE",
            "unreadable_file",
            file=str(path),
        ) from None
    if found.left_out and not found.names:
        raise CohortError(
            f"no variant has the FILTER PASS ({found.reasons}); declare filter: keep to read them",
            "no_feature",
            file=str(path),
        )
    notes = found.notes()
    for note in notes:
        log.info("%s: %s", path, note)
    values = np.column_stack(found.dosages) if found.dosages else np.empty((len(patients), 0))
    return attach_notes(patient_table(patients, found.names, values, str(path)), notes)


@dataclass
class _Variants:
    """Variants that were read, with reasons for those that were not."""

    names: list[str] = field(default_factory=list)
    dosages: list[NDArray[np.float64]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    genotypes: int = 0

    @property
    def reasons(self) -> str:
        """Reasons of the filter with their numbers of variants."""
        return ", ".join(f"{reason} {count}" for reason, count in self.left_out.most_common())

    def notes(self) -> list[str]:
        """One sentence for variants, one for genotypes."""
        notes = []
        if self.left_out:
            notes.append(
                f"{self.left_out.total()} variant(s) left out by FILTER: {self.reasons}; filter: keep reads them"
            )
        if self.genotypes:
            notes.append(f"{self.genotypes} genotype(s) with an FT other than PASS count as not measured")
        return notes


def _read_variants(file: Iterable[Any], patients: int, path: Path, keep: bool) -> _Variants:
    found = _Variants()
    for variant in file:
        check_record(variant, path)
        if not variant.ALT:
            continue
        if variant.FILTER is not None and not keep:
            found.left_out[str(variant.FILTER)] += 1
            continue
        site = f"{variant.CHROM}:{variant.POS}"
        dosages = _dosages(variant, site, patients, path)
        if not keep and "FT" in (variant.FORMAT or []):
            failed = np.array([str(text) not in PASSED for text in variant.format("FT")], dtype=bool)
            found.genotypes += int(failed.sum())
            dosages = np.where(failed[:, None], np.nan, dosages)
        found.names += [f"{site}:{variant.REF}:{allele}" for allele in variant.ALT]
        found.dosages += list(dosages.T)
        check_table_size(patients, len(found.names), str(path))
    return found


def _dosages(variant: Any, site: str, patients: int, path: Path) -> NDArray[np.float64]:
    """Dosages of a site: patients x ALT alleles."""
    fields = variant.FORMAT or []
    if "GT" not in fields and "DS" not in fields:
        raise CohortError(
            f"{site} has neither DS nor GT, so no patient has a dosage; remove the record",
            "missing_genotypes",
            file=str(path),
        )
    dosage = np.full((patients, len(variant.ALT)), np.nan)
    if "GT" in fields:
        dosage = _from_genotypes(variant, site, path)
    if "DS" in fields:
        imputed = _imputed(variant, site, path)
        dosage = np.where(np.isnan(imputed), dosage, imputed)
    return dosage


def _from_genotypes(variant: Any, site: str, path: Path) -> NDArray[np.float64]:
    # Patients x ploidy: -1 is a missing allele, -2 is padding where the ploidy is lower.
    alleles = variant.genotype.array()[:, :-1]
    known = len(variant.ALT)
    if alleles.max(initial=0) > known:
        raise CohortError(
            f"{site} has a genotype with allele {alleles.max()}, and only {known} ALT allele(s); "
            "write the file again",
            "unknown_allele",
            file=str(path),
        )
    counts = (alleles[:, :, None] == np.arange(1, known + 1)).sum(axis=1)
    return np.where((alleles == -1).any(axis=1)[:, None], np.nan, counts)


def _imputed(variant: Any, site: str, path: Path) -> NDArray[np.float64]:
    values = np.asarray(variant.format("DS"))
    if values.dtype.kind != "f" or values.shape[1] != len(variant.ALT):
        raise CohortError(
            f"{site}: DS is not one float per ALT allele; declare FORMAT DS with Number=A, Type=Float",
            "invalid_dosage",
            file=str(path),
            column="DS",
        )
    return values.astype(np.float64)


def open_vcf(path: Path) -> Any:
    """Open a file with cyvcf2, so that a damaged record is an error.

    Where the header does not define the chromosome of a record, cyvcf2 does not report that the rest of the record is
    damaged, and its fields can crash the process. A header without chromosomes gets those of the records.
    """
    cyvcf2 = require_package("cyvcf2", "vcf", "VCF")
    _check_columns(path)
    file = cyvcf2.VCF(str(path))
    if "##contig=" not in file.raw_header:
        for name in _chromosomes(path):
            file.add_to_header(f"##contig=<ID={name}>")
    return file


def _lines(path: Path) -> Iterator[bytes]:
    """Lines of a text file, plain or compressed; none of a BCF file."""
    with path.open("rb") as raw:
        packed = raw.read(2) == GZIP_START
    with (gzip.open if packed else open)(path, "rb") as lines:
        for number, line in enumerate(lines):
            if not number and line.startswith(b"BCF"):
                return
            yield line


def _check_columns(path: Path) -> None:
    """Raise where the names of the columns are damaged; cyvcf2 frees some of its memory twice then."""
    names = next((line for line in _lines(path) if line.startswith(b"#CHROM")), COLUMNS)
    if not names.startswith(COLUMNS):
        raise CohortError(
            "the line #CHROM has other columns than a VCF; check the file with: bcftools view FILE",
            "unreadable_file",
            file=str(path),
        )


def _chromosomes(path: Path) -> dict[str, None]:
    """Names of the chromosomes of a text file, in their order."""
    found: dict[str, None] = {}
    for line in _lines(path):
        if line.startswith(b"#") or not line.strip():
            continue
        name = line.split(b"\t", 1)[0].decode()
        if not CHROMOSOME.fullmatch(name):
            raise CohortError(
                f"{name!r} is no name of a chromosome; check the file with: bcftools view FILE",
                "unreadable_file",
                file=str(path),
            )
        found[name] = None
    return found


def check_record(variant: Any, path: Path) -> None:
    """Refuse a record that could not be parsed: it is empty, and ends before it begins.

    Parameters
    ----------
    variant
        Record of cyvcf2.
    path
        The file, for the error.

    Raises
    ------
    CohortError
        If the record is damaged.
    """
    if variant.end < variant.POS:
        raise CohortError(
            f"a record of {variant.CHROM} cannot be read; check the file with: bcftools view FILE",
            "unreadable_file",
            file=str(path),
        )


def check_end(path: Path) -> None:
    """Raise :class:`CohortError` if the closing block of a compressed file is missing."""
    # htslib only warns when the closing block is missing, and the variants after it are lost.
    with path.open("rb") as file:
        blocked = file.read(4) == BGZF_START
        file.seek(0, 2)
        file.seek(max(file.tell() - len(BGZF_END), 0))
        if blocked and file.read() != BGZF_END:
            raise CohortError(
                "the compressed file was cut short (its closing block is missing); copy it again",
                "unreadable_file",
                file=str(path),
            )
