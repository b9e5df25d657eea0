"""Choosing a subgroup: cuts, their search, the evidence for heterogeneity."""
