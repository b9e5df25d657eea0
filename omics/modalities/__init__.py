"""Registry of modalities; a new one is one file and one line here.

A modality of another package needs no line here: run ``MODALITIES["mine"] = "my_modality:MINE"`` before a cohort
is read.
"""

__all__ = ["MODALITIES"]

MODALITIES = {
    "genomics": "omics.modalities.genomics:GENOMICS",
    "transcriptomics": "omics.modalities.transcriptomics:TRANSCRIPTOMICS",
    "proteomics": "omics.modalities.proteomics:PROTEOMICS",
    "metabolomics": "omics.modalities.metabolomics:METABOLOMICS",
    "microbiome": "omics.modalities.microbiome:MICROBIOME",
    "generic": "omics.modalities.generic:GENERIC",
}
