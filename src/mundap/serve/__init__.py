"""The HTTP API over one workspace."""
