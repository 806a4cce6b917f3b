"""Proof, offline, that an answer says what the documents say: each quote at its place, each sentence by its quotes."""
