"""Amounts of a drug over time: doses, compartments, predicted levels."""
