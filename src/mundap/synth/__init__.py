"""Training data made from what a workspace has: labels for its questions."""
