"""What a simulated cohort is made of: settings, views, truth, outcomes, files."""
