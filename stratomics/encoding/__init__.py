"""Harmonize and encode the patients of one fit, once for all candidates."""
