"""Commands about drugs: exposure, doses, twins, pharmacogenes."""
