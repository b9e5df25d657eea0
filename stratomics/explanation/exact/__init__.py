"""Exact attributions of each part of the model, and their combination over members."""
