"""From the legs' findings to one ranking."""
