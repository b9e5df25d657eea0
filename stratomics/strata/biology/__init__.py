"""Gene-set analysis: what factors and groups of patients are made of."""
