"""Simulation of cohorts with known factors, effects and outcomes."""
