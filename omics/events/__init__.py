"""What was measured over time: doses and levels of drugs, as population modelling programs write them, and tumours."""
