"""Choose a subgroup: cuts of a score, their search, and the evidence for heterogeneity of the treatment effect."""
