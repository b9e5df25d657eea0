"""The table of file formats: ending -> reader of one table; a new one is one file and one line here."""

READERS = {
    ".csv": "omics.readers.tables:read_csv",
    ".csv.gz": "omics.readers.tables:read_csv",
    ".tsv": "omics.readers.tables:read_tsv",
    ".tsv.gz": "omics.readers.tables:read_tsv",
    ".parquet": "omics.readers.tables:read_parquet",
    ".xlsx": "omics.readers.containers:read_xlsx",
    ".h5ad": "omics.readers.containers:read_h5ad",
    ".zarr": "omics.readers.containers:read_zarr",
    # metabolomics
    ".mztab": "omics.readers.mztab:read_mztab",
    ".mzTab": "omics.readers.mztab:read_mztab",
    "mwtab": "omics.readers.mwtab:read_mwtab",
    # microbiome
    ".biom": "omics.readers.biom:read_biom",
    ".qza": "omics.readers.qiime2:read_qza",
    "metaphlan": "omics.readers.metaphlan:read_metaphlan",
}
