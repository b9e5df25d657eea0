"""Damaged files of every family of formats give a table or one error of stratomics, and never another exception."""

from __future__ import annotations

import io
import logging
import random
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from claims import repetitions
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from metabolon_files import NEWER, OLDER, Rows, write_book
from places import READER_FIXTURES

from omics.common.errors import StratomicsError
from omics.events.read_sizes import read_sizes
from omics.infer.read_folder import read_tables
from omics.readers import READERS
from omics.readers.plain_tables import read_table, table_format

CSV = 'id,"survival\n(days)",x,stage\nP1,5,1.5,I\nP2,7,NA,"II, b"\nP3,8,-2e3,III\n'
WRITE_TABLE = "P1\tP2\tP3\ng1\t1\t2\t3\ng2\t4\t5\t6\n"
SHEET = "Table 1,,,\n\nid,a,b,c\nP1,1,2,3\nP2,4,5,6\na foot note,,,\n"
SERIES = (
    '!Sample_title\t"a"\t"b"\n!Sample_geo_accession\t"GSM1"\t"GSM2"\n!Sample_characteristics_ch1\t"age: 5"\t"age: 6"\n'
    '!series_matrix_table_begin\n"ID_REF"\t"GSM1"\t"GSM2"\n"g1"\t1\t2\n"g2"\tnull\t4\n!series_matrix_table_end\n'
)
PORTAL = "Hugo_Symbol\tEntrez_Gene_Id\tS1\tS2\nTP53\t7157\t1.5\tNA\nKRAS\t3845\t2\t-1\n"
CLINICAL = "#Patient\tStatus\n#a\tb\nPATIENT_ID\tOS_STATUS\nP1\t1:DECEASED\nP2\t0:LIVING\n"
FRAGPIPE = "Protein\tGene\tP1 MaxLFQ Intensity\tP2 MaxLFQ Intensity\nQ1\tA\t5\t0\nQ2\tB\t6\t7\n"
SPECTRONAUT = "R.FileName,PG.ProteinGroups,PG.Quantity\nP1,Q1,5\nP2,Q1,6\nP2,Q2,7\n"
DIANN = "Run\tProtein.Group\tGenes\tPG.MaxLFQ\tQ.Value\nP1\tQ1\tA\t5\t0.001\nP2\tQ1\tA\t6\t0.5\n"

GENOTYPES = """##fileformat=VCFv4.2
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=PS,Number=1,Type=Integer,Description="Phase set">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tP1\tP2
chr10\t94761900\trs12248560\tC\tT\t.\tPASS\t.\tGT:PS\t0/1:.\t0|1:3
chr10\t94762706\trs28399504\tA\tG\t.\tPASS\t.\tGT:PS\t0/0:.\t0|0:3
chr10\t94781859\trs4244285\tG\tA\t.\tPASS\t.\tGT:PS\t0/1:.\t1|0:3
"""

SIZES = "patient,time,size\nP1,0,60\nP1,42,<5\nP1,84,41.5\nP2,-7,30\nP2,42,33\n"
GENES = "id,CYP2D6,TPMT phenotype,HLA-B\nP1,*1/*4,,*57:01/*08:01\nP2,*1/*1x2;*2/*4,NM,\n"
Seed = tuple[str, str | None, bytes]
"""Name of a file, its declared format, and its content."""


def fixture(path: str, kind: str | None = None, name: str | None = None) -> Seed:
    file = READER_FIXTURES / path
    return name or file.name, kind, file.read_bytes()


def parquet() -> bytes:
    content = io.BytesIO()
    pd.DataFrame({"id": ["P1", "P2"], "x": [1.0, np.nan], "y": ["a", None]}).to_parquet(content)
    return content.getvalue()


def h5mu() -> bytes:
    import h5py

    content = io.BytesIO()
    with h5py.File(READER_FIXTURES / "containers/dense.h5ad") as part, h5py.File(content, "w") as whole:
        part.copy("obs", whole)
        for name in ("rna", "protein"):
            part.copy(part["/"], whole.require_group("mod"), name)
    return content.getvalue()


def book(sheets: dict[str, Rows]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return write_book(Path(folder) / "a.xlsx", sheets).read_bytes()


def texts() -> dict[str, list[Seed]]:
    return {
        "plain text": [
            ("a.csv", None, CSV.encode()),
            ("a.tsv", None, WRITE_TABLE.encode()),
            ("sheet.csv", None, SHEET.encode()),
            ("GSE1_series_matrix.txt", "series_matrix", SERIES.encode()),
            ("GSE1_series_matrix.txt", "series_clinical", SERIES.encode()),
            ("data_mrna.txt", "cbioportal", PORTAL.encode()),
            ("data_clinical_patient.txt", "clinical", CLINICAL.encode()),
        ],
        "mutations and copy number": [
            ("a.maf", None, (READER_FIXTURES / "maf/laml.maf").read_bytes()[:6000]),
            fixture("copy_number/cbs.seg"),
            fixture("copy_number/cbs_rownames.seg"),
            fixture("copy_number/all_data_by_genes.txt", "gistic"),
            fixture("methylation/geo_processed.txt", "beta_matrix"),
        ],
        "counts": [
            fixture("counts/featurecounts.txt", "featurecounts"),
            fixture("counts/tximport_counts.csv", "tximport"),
            fixture("gct/v12.gct"),
            fixture("gct/v13.gct"),
            ("counts/S1_ReadsPerGene.out.tab", "star", b"N_unmapped\t5\t5\t5\nG1\t1\t2\t3\n"),
            ("counts/S1.counts", "htseq", b"G1\t1\nG2\t5\n__no_feature\t7\n"),
            ("counts/S1.genes.results", "rsem", b"gene_id\texpected_count\nG1\t1.5\nG2\t0\n"),
            ("counts/S1/abundance.tsv", "kallisto", b"target_id\test_counts\nT1\t1.5\nT2\t0\n"),
            ("counts/S1/quant.sf", "salmon", (READER_FIXTURES / "counts/salmon/P-01/quant.sf").read_bytes()),
        ],
        "proteins": [
            fixture("maxquant/proteinGroups.txt", "proteingroups"),
            fixture("diann/report.pg_matrix.tsv", "diann"),
            ("report.tsv", "diann", DIANN.encode()),
            ("combined_protein.tsv", "fragpipe", FRAGPIPE.encode()),
            ("report.csv", "spectronaut", SPECTRONAUT.encode()),
            fixture("olink/explore.csv", "olink"),
            fixture("somascan/toy.adat"),
        ],
        "metabolites": [
            fixture("mwtab/ms.txt", "mwtab"),
            fixture("mwtab/nmr_binned.txt", "mwtab"),
            fixture("mztab/specification.mztab"),
            ("newer.xlsx", "metabolon", book(NEWER)),
            ("older.xlsx", "metabolon", book(OLDER)),
            ("newer.xlsx", "metabolon_samples", book(NEWER)),
            ("older.xlsx", "metabolon_samples", book(OLDER)),
        ],
        "microbiome": [
            fixture("metaphlan/merged_4.tsv", "metaphlan"),
            (
                "path.tsv",
                "humann",
                b"# Pathway\tP1_Abundance\tP2_Abundance\nUNMAPPED\t5\t1\nPWY-1: a\t2\t3\nPWY-1: a|g__B\t2\t3\n",
            ),
            ("bracken.tsv", "bracken", b"name\ttaxonomy_id\ttaxonomy_lvl\tP1_num\tP1_frac\na\t1\tS\t5\t1\n"),
            fixture("biom/sparse_1_0.biom"),
            fixture("biom/counts_2_1.biom"),
            fixture("qiime2/relative.qza"),
        ],
        "variants": [
            fixture("vcf/calls.vcf"),
            fixture("vcf/calls.vcf.gz"),
            fixture("vcf/calls.bcf"),
            fixture("plink/cohort.bed"),
        ],
        "pharmacogenes": [
            ("genes.csv", "pgx", GENES.encode()),
            ("genes.vcf", "pgx", GENOTYPES.encode()),
        ],
        "containers": [
            fixture("containers/dense.h5ad"),
            fixture("containers/openpyxl.xlsx"),
            ("a.parquet", None, parquet()),
            ("a.h5mu", None, h5mu()),
        ],
    }


FAMILIES = texts()


@st.composite
def damaged(draw: st.DrawFn, family: str) -> Seed:
    """A file of the family that was cut, re-encoded, re-ordered, mixed up or replaced."""
    name, kind, content = draw(st.sampled_from(FAMILIES[family]))
    for _ in range(draw(st.integers(1, 3))):
        content = draw(st.sampled_from(DAMAGES))(draw, content)
    return name, kind, content


def _cut(draw: st.DrawFn, content: bytes) -> bytes:
    return content[: draw(st.integers(0, len(content)))]


def _bytes(draw: st.DrawFn, content: bytes) -> bytes:
    place = draw(st.integers(0, len(content)))
    return content[:place] + draw(st.binary(max_size=8)) + content[place + draw(st.integers(0, 8)) :]


def _replaced(draw: st.DrawFn, content: bytes) -> bytes:
    del content
    return draw(st.binary(max_size=200))


def _encoded(draw: st.DrawFn, content: bytes) -> bytes:
    code = draw(st.sampled_from(["utf-16", "utf-8-sig", "utf-32", "cp500"]))
    return content.decode("utf-8", errors="replace").encode(code, errors="replace")


def _line_ends(draw: st.DrawFn, content: bytes) -> bytes:
    return content.replace(b"\n", draw(st.sampled_from([b"\r\n", b"\r", b"\n\n", b"", b" \n"])))


def _reordered(draw: st.DrawFn, content: bytes) -> bytes:
    lines = content.split(b"\n")
    random.Random(draw(st.integers(0, 2**16))).shuffle(lines)
    return b"\n".join(lines)


def _repeated(draw: st.DrawFn, content: bytes) -> bytes:
    lines = content.split(b"\n")
    place = draw(st.integers(0, len(lines) - 1))
    return b"\n".join([*lines[: place + 1], *lines[place:]])


def _cell(draw: st.DrawFn, content: bytes) -> bytes:
    """Replace a cell by what people write."""
    mark = b"\t" if b"\t" in content else b","
    cells = content.split(mark)
    place = draw(st.integers(0, len(cells) - 1))
    word = draw(
        st.sampled_from(
            ["", "NA", "<0.5", "8,412", '"', "1e400", "-1", "nan", "x", "é", "\x00", "#", "[Unknown]"]
        )
    )
    return mark.join([*cells[:place], word.encode(), *cells[place + 1 :]])


def _separator(draw: st.DrawFn, content: bytes) -> bytes:
    return content.replace(*draw(st.sampled_from([(b"\t", b","), (b",", b";"), (b"\t", b" "), (b"\t", b"")])))


Damage = Callable[[st.DrawFn, bytes], bytes]
DAMAGES: list[Damage] = [
    _cut,
    _bytes,
    _replaced,
    _encoded,
    _line_ends,
    _reordered,
    _repeated,
    _cell,
    _cell,
    _separator,
]


@contextmanager
def written(seed: Seed) -> Iterator[Path]:
    """The path to read: the file, or its folder for formats of folders; companions are in the same folder."""
    name, _, content = seed
    folder = Path(tempfile.mkdtemp())
    try:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        for ending in (".bim", ".fam"):
            if path.suffix == ".bed":
                shutil.copy(READER_FIXTURES / f"plink/cohort{ending}", path.with_suffix(ending))
        yield folder / name.split("/")[0]
    finally:
        shutil.rmtree(folder)


def assert_table_or_error(seed: Seed) -> None:
    with written(seed) as path, warnings.catch_warnings(action="ignore"):
        logging.disable()
        try:
            with suppress(StratomicsError):
                assert read_table(path, file_format=seed[1]).index.is_unique
        finally:
            logging.disable(logging.NOTSET)


@repetitions(20, 20_000, quick=True)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_damaged_file_gives_a_table_or_an_error(family: str, repetitions: int) -> None:
    @seed(repetitions)
    @settings(max_examples=repetitions, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(damaged(family))
    def check(file: Seed) -> None:
        assert_table_or_error(file)

    check()


@repetitions(20, 20_000, quick=True)
def test_a_damaged_table_of_sizes_gives_sizes_or_an_error(repetitions: int) -> None:
    @seed(repetitions)
    @settings(max_examples=repetitions, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.sampled_from(DAMAGES), min_size=1, max_size=3), st.data())
    def check(damages: list[Damage], data: st.DataObject) -> None:
        content = SIZES.encode()
        for damage in damages:
            content = data.draw(st.composite(damage)(content))
        with written(("sizes.csv", None, content)) as path, suppress(StratomicsError):
            assert (read_sizes(path).table["size"] >= 0).all()


CELLS = [
    None,
    "",
    "NA",
    "NDEF",
    "8,412",
    "x",
    -1,
    0,
    1e300,
    float("inf"),
    True,
    "BIOCHEMICAL",
    "CHEM_ID",
    35,
    "#REF!",
]


@st.composite
def damaged_sheets(draw: st.DrawFn) -> dict[str, Rows]:
    """Sheets of Metabolon with other cells, in another order, without rows, or with fewer sheets."""
    sheets = dict(draw(st.sampled_from([NEWER, OLDER])))
    for _ in range(draw(st.integers(1, 4))):
        name = draw(st.sampled_from(sorted(sheets)))
        rows = [list(row) for row in sheets[name]]
        row = draw(st.integers(0, max(0, len(rows) - 1)))
        match draw(st.sampled_from(["cell", "cell", "cell", "row", "order", "sheet", "name"])):
            case "cell" if rows and rows[row]:
                rows[row][draw(st.integers(0, len(rows[row]) - 1))] = draw(st.sampled_from(CELLS))
                sheets[name] = rows
            case "row":
                sheets[name] = rows[:row] + rows[row + 1 :]
            case "order":
                random.Random(row).shuffle(rows)
                sheets[name] = rows
            case "sheet" if len(sheets) > 1:
                del sheets[name]
            case "name":
                sheets[draw(st.sampled_from(["Sheet1", "log", "Imp"]))] = sheets.pop(name)
    return sheets


@repetitions(20, 20_000, quick=True)
def test_damaged_sheets_give_a_table_or_an_error(repetitions: int) -> None:
    @seed(repetitions)
    @settings(max_examples=repetitions, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(damaged_sheets(), st.sampled_from(["metabolon", "metabolon_samples", None]))
    def check(sheets: dict[str, Rows], kind: str | None) -> None:
        assert_table_or_error(("a.xlsx", kind, book(sheets)))

    check()


@pytest.mark.parametrize("family", FAMILIES)
def test_the_undamaged_files_are_read(family: str) -> None:
    for file in FAMILIES[family]:
        with written(file) as path:
            assert len(read_table(path, file_format=file[1]))


def test_every_reader_belongs_to_a_family() -> None:
    files = [(name, kind) for files in FAMILIES.values() for name, kind, _ in files]
    covered = {READERS[table_format(Path(name), kind)] for name, kind in files}
    assert set(READERS.values()) - covered == {READERS[".zarr"]}


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(damaged("plain text"), damaged("plain text"))
def test_init_meets_damaged_files(one: Seed, two: Seed) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        for place, (name, _, content) in enumerate((one, two)):
            (folder / f"{place}{name}").write_bytes(content)
        with warnings.catch_warnings(action="ignore"), suppress(StratomicsError):
            assert len(read_tables(folder).tables) <= 2
    finally:
        shutil.rmtree(folder)
