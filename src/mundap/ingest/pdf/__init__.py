"""PDF and pictures."""
