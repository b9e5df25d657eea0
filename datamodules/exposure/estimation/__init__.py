"""Random effects of patients from their levels: modes, draws, and the refit of a population."""
