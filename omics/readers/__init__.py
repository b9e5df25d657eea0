"""The table of file formats: ending -> reader of one table; a new one is one file and one line here."""

READERS = {
    ".csv": "omics.readers.tables:read_csv",
    ".csv.gz": "omics.readers.tables:read_csv",
    ".tsv": "omics.readers.tables:read_tsv",
    ".tsv.gz": "omics.readers.tables:read_tsv",
    ".parquet": "omics.readers.tables:read_parquet",
}
