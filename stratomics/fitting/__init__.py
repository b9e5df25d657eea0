"""Fit one training part, and predict patients that it never saw."""
