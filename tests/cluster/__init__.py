"""Everything that mundap runs on beyond one machine, on loopback, and killed at random: `python -m tests.cluster` (`make cluster-test`)."""
