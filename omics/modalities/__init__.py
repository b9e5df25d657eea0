"""The table of modalities; a new one is one file and one line here.

One of your own needs no line here: ``MODALITIES["mine"] = "my_modality:MINE"`` in your own code,
before a cohort is read.
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
