"""mundap in the frameworks that people already use: thin classes, each behind the extra of its framework."""
