"""Fit stratomics to the patients of one training part, and predict new patients."""
