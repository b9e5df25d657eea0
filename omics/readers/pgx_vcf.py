"""Read the positions of the allele definitions from a VCF of germline genotypes on GRCh38, and call every gene."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import CohortError
from omics.pgx.definitions import GeneDefinition, all_definitions
from omics.pgx.dpyd import GENE as DPYD
from omics.pgx.dpyd import call_of_variants
from omics.pgx.gene_call import GeneCall, call_of_match, structural_call
from omics.pgx.matcher import ABSENT, MISSING, OTHER, UNPHASED, Genotypes, Match, match
from omics.pgx.nomenclature import STRUCTURAL
from omics.readers.variants import check_end, check_record, open_vcf

__all__ = ["calls_of_vcf"]

STRUCTURAL_REGION = ("chr22", 42_125_000, 42_133_000)
"""CYP2D6 on GRCh38, with the gene's flanks."""

OTHER_BUILD = re.compile(r"GRCh37|hg19|\bb37\b|hs37|human_g1k_v37|NCBI36|hg18", re.IGNORECASE)
BUILD_37_LENGTHS = {"249250621", "243199373", "198022430", "159138663", "135534747", "133851895", "51304566"}
"""Lengths of chromosomes 1, 2, 3, 7, 10, 12 and 22 in GRCh37."""

SOMATIC = re.compile(
    r"^##(tumor_sample=|source=.*(mutect|somatic|strelka2?.*tumor)|normal_sample=)", re.IGNORECASE
)
TUMOUR_NAMES = {"TUMOR", "TUMOUR"}

SHARED_PHASE = 0
"""Phase set of phased genotypes without the field PS, which are phased with each other along the chromosome."""


@dataclass(frozen=True)
class _SiteRecord:
    """States of all patients at one position: (n,) each."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    phase_set: NDArray[np.int64]


def calls_of_vcf(path: Path) -> dict[str, dict[str, GeneCall]]:
    """Call every gene of every patient.

    Parameters
    ----------
    path
        ``.vcf``, ``.vcf.gz`` or ``.bcf`` with germline genotypes on GRCh38, indels aligned to the left.

    Returns
    -------
    dict
        Patient -> gene -> call. A gene without any position in the file is left out; a position that the file lacks,
        or whose record failed a filter, is missing in all patients. CYP2D6 has no diplotype, since small variants do
        not determine it.

    Raises
    ------
    CohortError
        If the file is somatic, on another build, has another reference base or copy numbers of CYP2D6, has no position
        of a gene, or cannot be read.

    References
    ----------
    The Variant Call Format Specification, VCFv4.5, https://samtools.github.io/hts-specs/VCFv4.5.pdf
    """
    check_end(path)
    try:
        file = open_vcf(path)
        patients = list(file.samples)
        _check_header(file.raw_header.splitlines(), patients, path)
        records, structural = _read_records(file, path)
    except CohortError:
        raise
    except Exception as error:  # noqa: BLE001  # cyvcf2 has no specific class for a broken record
        raise CohortError(
            f"cannot be read as VCF or BCF ({error}); check it with: bcftools view FILE",
            "unreadable_file",
            file=str(path),
        ) from None
    if not records and not structural:
        raise CohortError(
            "no position of a gene with star alleles; is the file on GRCh38, and does it cover these genes?",
            "no_pgx_position",
            file=str(path),
        )
    calls: dict[str, dict[str, GeneCall]] = {patient: {} for patient in patients}
    for gene, found in _by_gene(records):
        for patient, call in zip(patients, _calls(gene, found, len(patients)), strict=True):
            calls[patient][gene.gene] = call
    for patient in patients if structural else ():
        calls[patient][STRUCTURAL] = structural_call()
    return calls


def _check_header(lines: Sequence[str], patients: Sequence[str], path: Path) -> None:
    if not patients:
        raise CohortError("the file has no patient; was it cut short?", "no_patient", file=str(path))
    about = [line for line in lines if line.startswith(("##reference", "##contig", "##assembly"))]
    lengths = {length for line in about for length in re.findall(r"length=(\d+)", line)}
    if any(OTHER_BUILD.search(line) for line in about) or lengths & BUILD_37_LENGTHS:
        raise _other_build("its header names GRCh37", path)
    if any(SOMATIC.search(line) for line in lines) or TUMOUR_NAMES & {name.upper() for name in patients}:
        raise CohortError(
            "the file has somatic variants of a tumour, and star alleles are germline; give the germline calls",
            "somatic_vcf",
            file=str(path),
        )


def _other_build(why: str, path: Path) -> CohortError:
    return CohortError(
        f"{why}, and the definitions have positions on GRCh38; lift the file over, such as with bcftools +liftover",
        "other_genome_build",
        file=str(path),
    )


def _read_records(file: Any, path: Path) -> tuple[dict[tuple[str, int], _SiteRecord], bool]:
    definitions = all_definitions()
    wanted = {
        (definition.chromosome, position.number): position
        for definition in definitions.values()
        for position in definition.positions
    }
    number_of = {
        position.rsid: position.number
        for definition in definitions.values()
        for position in definition.positions
        if position.rsid
    }
    records: dict[tuple[str, int], _SiteRecord] = {}
    structural = False
    for variant in file:
        check_record(variant, path)
        chromosome = variant.CHROM if variant.CHROM.startswith("chr") else f"chr{variant.CHROM}"
        structural |= _in_structural_region(chromosome, variant, path)
        key = (chromosome, variant.POS)
        position = wanted.get(key)
        if variant.FILTER is not None:
            continue  # a call that failed a filter counts as missing
        if position is None:
            elsewhere = number_of.get(variant.ID or "")
            if elsewhere is not None and abs(elsewhere - variant.POS) > len(variant.REF) + 1:
                raise _other_build(f"{variant.ID} is at {variant.POS} and not at {elsewhere}", path)
            continue
        reference = variant.REF.upper()
        if not (reference.startswith(position.reference) or position.reference.startswith(reference)):
            raise CohortError(
                f"{chromosome}:{variant.POS} has the reference allele {variant.REF}, which is {position.reference} on "
                "GRCh38; check the build and the strand of the file",
                "wrong_reference_allele",
                file=str(path),
            )
        bases = [reference, *(allele.upper() for allele in variant.ALT)]
        states = np.array([_state(position.state(reference, base), base) for base in bases])
        record = _record(variant, states, path)
        records[key] = _joined(records[key], record) if key in records else record
    return records, structural


def _in_structural_region(chromosome: str, variant: Any, path: Path) -> bool:
    name, start, end = STRUCTURAL_REGION
    if chromosome != name or not start <= variant.POS <= end:
        return False
    symbolic = [allele for allele in variant.ALT if re.match(r"<(DEL|DUP|CN)", allele)]
    if symbolic:
        raise CohortError(
            f"{chromosome}:{variant.POS} has the copy number {symbolic[0]} of {STRUCTURAL}, which a VCF does not "
            "resolve to star alleles; give the output of a structural caller as a table of diplotypes",
            "copy_number_without_caller",
            file=str(path),
        )
    return True


def _state(state: int | None, base: str) -> int:
    # A star is a deletion that begins at an earlier position: what this position has is not known.
    return MISSING if base == "*" else OTHER if state is None else state


def _record(variant: Any, states: NDArray[np.int64], path: Path) -> _SiteRecord:
    if "GT" not in (variant.FORMAT or []):
        raise CohortError(
            f"{variant.CHROM}:{variant.POS} has no GT, and star alleles need genotypes; write the file with GT",
            "missing_genotypes",
            file=str(path),
        )
    # Patients x (alleles, phased): -1 is a missing allele, -2 is padding where the ploidy is lower.
    array = variant.genotype.array().astype(np.int64)
    alleles, phased = array[:, :-1], array[:, -1].astype(bool)
    if alleles.max(initial=0) >= len(states):
        raise CohortError(
            f"{variant.CHROM}:{variant.POS} has a genotype with an allele that the site does not have; "
            "write the file again",
            "unknown_allele",
            file=str(path),
        )
    if alleles.shape[1] == 1:
        alleles = np.column_stack([alleles, np.full(len(alleles), ABSENT)])
    coded = np.where(alleles >= 0, states[np.maximum(alleles, 0)], alleles)
    sets = variant.format("PS") if "PS" in variant.FORMAT else None
    numbers = np.full(len(coded), SHARED_PHASE) if sets is None else np.asarray(sets)[:, 0].astype(np.int64)
    numbers = np.where(numbers < 0, SHARED_PHASE, numbers)
    return _SiteRecord(coded[:, 0], coded[:, 1], np.where(phased, numbers, UNPHASED))


def _joined(one: _SiteRecord, two: _SiteRecord) -> _SiteRecord:
    """Join records of one position, as ``bcftools norm -m -`` writes several alternatives.

    A genotype with two alternatives is missing where the records contradict each other.
    """
    a, b = (np.column_stack([record.first, record.second]) for record in (one, two))
    joined = np.where(a == 0, b, a)
    phase_set = np.where(one.phase_set == UNPHASED, two.phase_set, one.phase_set)
    both = (a != 0) & (b != 0) & (a != b)
    for slot in (0, 1):
        # Two alternatives of an unphased genotype, both written on the same side.
        moved = both[:, slot] & (joined[:, 1 - slot] == 0) & (phase_set == UNPHASED)
        joined[moved, 1 - slot] = b[moved, slot]
        both[moved] = False
    joined[both.any(axis=1) | (a == MISSING).any(axis=1) | (b == MISSING).any(axis=1)] = MISSING
    return _SiteRecord(joined[:, 0], joined[:, 1], phase_set)


def _by_gene(
    records: dict[tuple[str, int], _SiteRecord],
) -> Iterator[tuple[GeneDefinition, dict[int, _SiteRecord]]]:
    for definition in all_definitions().values():
        found = {
            place: records[definition.chromosome, number]
            for number, place in definition.place.items()
            if (definition.chromosome, number) in records
        }
        if found:
            yield definition, found


def _calls(definition: GeneDefinition, found: dict[int, _SiteRecord], patients: int) -> list[GeneCall]:
    shape = (patients, len(definition.positions))
    first, second = np.full(shape, MISSING), np.full(shape, MISSING)
    phase_set = np.full(shape, UNPHASED)
    for place, record in found.items():
        first[:, place], second[:, place], phase_set[:, place] = record.first, record.second, record.phase_set
    # Many patients have the same genotypes; each combination is matched once.
    seen: dict[bytes, GeneCall] = {}
    calls = []
    for row in range(patients):
        genotypes = Genotypes(first[row], second[row], _own_sets(first[row], second[row], phase_set[row]))
        key = genotypes.first.tobytes() + genotypes.second.tobytes() + genotypes.phase_set.tobytes()
        if key not in seen:
            seen[key] = _call(definition, genotypes, match(definition, genotypes))
        calls.append(seen[key])
    return calls


def _own_sets(
    first: NDArray[np.int64], second: NDArray[np.int64], phase_set: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Phase of heterozygous genotypes only: a homozygous genotype is on both chromosomes."""
    return np.where(first != second, phase_set, UNPHASED)


def _call(definition: GeneDefinition, genotypes: Genotypes, found: Match) -> GeneCall:
    if genotypes.missing.all():
        return GeneCall(
            definition.gene,
            "vcf",
            missing=found.missing,
            positions=found.positions,
            why="every position of the gene is missing",
        )
    if not found.diplotypes and definition.gene == DPYD:
        several = call_of_variants(definition, genotypes, found)
        if several is not None:
            return several
    return call_of_match(definition.gene, found)
