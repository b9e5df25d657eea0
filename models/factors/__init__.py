"""The table of factor models; a new one is one file and one line here."""

FACTOR_MODELS = {
    "pca": "models.factors.pca:PCA",
    "gfa": "models.factors.gfa:GFA",
    "vae": "models.factors.vae:VAE",
    "supervised_vae": "models.factors.supervised_vae:SupervisedVAE",
    "mofa": "models.factors.mofa:MOFA",
}
