"""The table of factor models; a new one is one file and one line here."""

FACTOR_MODELS = {
    "pca": "models.factors.pca:PCA",
    "mofa": "models.factors.mofa:MOFA",
}
