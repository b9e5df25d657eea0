"""The table of file formats: ending -> reader of one table; a new one is one file and one line here."""

READERS = {
    ".csv": "omics.readers.tables:read_csv",
    ".csv.gz": "omics.readers.tables:read_csv",
    ".tsv": "omics.readers.tables:read_tsv",
    ".tsv.gz": "omics.readers.tables:read_tsv",
    ".parquet": "omics.readers.tables:read_parquet",
    # transcriptomics
    "featurecounts": "omics.readers.counts:read_featurecounts",
    "salmon": "omics.readers.counts:read_salmon",
    "tximport": "omics.readers.counts:read_tximport",
    ".gct": "omics.readers.gct:read_gct",
    ".gct.gz": "omics.readers.gct:read_gct",
    # proteomics
    "proteingroups": "omics.readers.maxquant:read_protein_groups",
    "diann": "omics.readers.diann:read_diann",
    "olink": "omics.readers.olink:read_olink",
    ".adat": "omics.readers.somascan:read_adat",
    ".adat.gz": "omics.readers.somascan:read_adat",
}

FOLDERS = {"salmon"}
"""Formats whose path is a folder and not a file."""
