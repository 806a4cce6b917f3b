"""Questions with known answers in; figures, each with its interval, out."""
