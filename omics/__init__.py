"""Cohorts: file formats, modalities, endpoints and checks. Nothing here imports torch."""
