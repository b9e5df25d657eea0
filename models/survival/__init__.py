"""Kaplan-Meier curves, cumulative hazards and Breslow's baseline, in numpy."""
