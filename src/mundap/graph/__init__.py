"""The keyword graph of one generation: what passages speak of, what stands together, and what is called otherwise."""
