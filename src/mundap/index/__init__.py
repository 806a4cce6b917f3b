"""The legs of search over one immutable generation."""
