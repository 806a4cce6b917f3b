"""Ten thousand broken files of each family through the real worker processes, and broken requests to the API: `python -m tests.fuzz` (`make fuzz`)."""
