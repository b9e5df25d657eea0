"""Registry of file formats: ending or name -> reader of one table; a new one is one file and one line here."""

READERS = {
    ".csv": "omics.readers.delimited_tables:read_csv",
    ".csv.gz": "omics.readers.delimited_tables:read_csv",
    ".tsv": "omics.readers.delimited_tables:read_tsv",
    ".tsv.gz": "omics.readers.delimited_tables:read_tsv",
    ".parquet": "omics.readers.plain_tables:read_parquet",
    ".xlsx": "omics.readers.workbooks:read_xlsx",
    ".h5ad": "omics.readers.containers:read_h5ad",
    ".h5mu": "omics.readers.containers:read_h5mu",
    ".zarr": "omics.readers.containers:read_zarr",
    # genomics
    ".vcf": "omics.readers.variants:read_vcf",
    ".vcf.gz": "omics.readers.variants:read_vcf",
    ".bcf": "omics.readers.variants:read_vcf",
    ".bed": "omics.readers.plink:read_bed",
    "maf": "omics.readers.maf:read_maf",
    ".maf": "omics.readers.maf:read_maf",
    ".maf.gz": "omics.readers.maf:read_maf",
    "gistic": "omics.readers.copy_number:read_gistic",
    "seg": "omics.readers.copy_number:read_seg",
    ".seg": "omics.readers.copy_number:read_seg",
    ".seg.gz": "omics.readers.copy_number:read_seg",
    "beta_matrix": "omics.readers.methylation:read_beta_matrix",
    "pgx": "omics.readers.pgx:read_pgx",
    # transcriptomics
    "featurecounts": "omics.readers.counts:read_featurecounts",
    "salmon": "omics.readers.counts:read_salmon",
    "tximport": "omics.readers.counts:read_tximport",
    "star": "omics.readers.count_folders:read_star",
    "htseq": "omics.readers.count_folders:read_htseq",
    "rsem": "omics.readers.count_folders:read_rsem",
    "kallisto": "omics.readers.count_folders:read_kallisto",
    "series_matrix": "omics.readers.series_matrix:read_series_matrix",
    "cbioportal": "omics.readers.cbioportal:read_cbioportal",
    "clinical": "omics.readers.cbioportal:read_clinical",
    "series_clinical": "omics.readers.series_matrix:read_series_clinical",
    ".gct": "omics.readers.gct:read_gct",
    ".gct.gz": "omics.readers.gct:read_gct",
    # proteomics
    "proteingroups": "omics.readers.maxquant:read_protein_groups",
    "diann": "omics.readers.diann:read_diann",
    "fragpipe": "omics.readers.fragpipe:read_fragpipe",
    "spectronaut": "omics.readers.fragpipe:read_spectronaut",
    "olink": "omics.readers.olink:read_olink",
    ".adat": "omics.readers.somascan:read_adat",
    ".adat.gz": "omics.readers.somascan:read_adat",
    # metabolomics
    ".mztab": "omics.readers.mztab:read_mztab",
    ".mzTab": "omics.readers.mztab:read_mztab",
    "metabolon": "omics.readers.metabolon:read_metabolon",
    "metabolon_samples": "omics.readers.metabolon:read_metabolon_samples",
    "mwtab": "omics.readers.mwtab:read_mwtab",
    ".mwtab": "omics.readers.mwtab:read_mwtab",
    # microbiome
    ".biom": "omics.readers.biom:read_biom",
    ".qza": "omics.readers.qiime2:read_qza",
    "bracken": "omics.readers.bracken:read_bracken",
    "metaphlan": "omics.readers.metaphlan:read_metaphlan",
    "humann": "omics.readers.humann:read_humann",
}

CELLS = "cells"
"""Format of single cells in AnnData; one file gives several views, which `omics/cohort/cell_views.py` makes."""

PGX = "pgx"
"""Format of pharmacogenes: a file, or a folder of results of a program; the scale is ``activity``."""

PGX_RESULTS = "pgx_results"
"""Key of the results of pharmacogenes, as csv text, in ``attrs`` of a table and in ``uns`` of a view."""

FOLDERS = {".zarr", "salmon", "star", "htseq", "rsem", "kallisto"}
"""Formats with a folder as path and not a file."""

COMPANIONS = {".bed": (".bim", ".fam")}
"""Formats of several files with the same name: ending of the main file -> endings of the others."""
