"""Kaplan-Meier, product limit and Breslow estimates in numpy."""
