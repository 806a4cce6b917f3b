"""What is kept: the corpus in SQLite."""
