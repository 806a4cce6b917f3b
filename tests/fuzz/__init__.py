"""Ten thousand broken files of each family through the real worker processes: `python -m tests.fuzz` (`make fuzz`)."""
