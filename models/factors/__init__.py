"""Registry of factor models; a new model is one file and one line here."""

READS_OUTCOMES = "supervised_vae"
"""The factor model whose factors are learned with the outcomes of the training patients."""

FACTOR_MODELS = {
    "pca": "models.factors.pca:PCA",
    "gfa": "models.factors.gfa.model:GFA",
    "vae": "models.factors.vae.model:VAE",
    "supervised_vae": "models.factors.vae.supervised_vae:SupervisedVAE",
    "mofa": "models.factors.mofa:MOFA",
}
