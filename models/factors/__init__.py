"""The table of factor models; a new one is one file and one line here."""

FACTOR_MODELS = {
    "pca": "models.factors.pca:PCA",
    "gfa": "models.factors.gfa:GFA",
    "mofa": "models.factors.mofa:MOFA",
}
