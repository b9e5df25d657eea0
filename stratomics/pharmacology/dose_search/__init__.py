"""Dose search: how probable a target exposure is under a regimen, with and without measured levels.

For research; not for dosing of patients.
"""
