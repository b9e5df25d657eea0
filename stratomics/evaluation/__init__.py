"""Saved predictions against what happened: comparison of methods, intervals, contributions, subgroups. Never torch."""
