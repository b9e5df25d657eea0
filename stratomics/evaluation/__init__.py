"""Saved predictions against observed outcomes: comparison of methods, view contributions, subgroups. No torch."""
