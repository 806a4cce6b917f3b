"""The demo page: a client of the HTTP API, and of nothing else."""
