"""The table of file formats: ending -> reader of one table; a new one is one file and one line here."""

READERS = {
    ".csv": "omics.readers.tables:read_csv",
    ".csv.gz": "omics.readers.tables:read_csv",
    ".tsv": "omics.readers.tables:read_tsv",
    ".tsv.gz": "omics.readers.tables:read_tsv",
    ".parquet": "omics.readers.tables:read_parquet",
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
    "beta_matrix": "omics.readers.methylation:read_beta_matrix",
}
