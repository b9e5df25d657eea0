"""What ``import stratomics as st`` offers: cohorts, models, runs, enrichment, tools and plots in a notebook."""
