"""The table of modalities; a new one is one file and one line here."""

MODALITIES = {
    "genomics": "omics.modalities.genomics:GENOMICS",
    "transcriptomics": "omics.modalities.transcriptomics:TRANSCRIPTOMICS",
    "proteomics": "omics.modalities.proteomics:PROTEOMICS",
    "metabolomics": "omics.modalities.metabolomics:METABOLOMICS",
    "microbiome": "omics.modalities.microbiome:MICROBIOME",
    "generic": "omics.modalities.generic:GENERIC",
}
