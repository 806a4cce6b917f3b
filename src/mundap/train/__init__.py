"""Models trained on one domain's own data, each measured before it is kept."""
