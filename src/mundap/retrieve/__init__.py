"""Hybrid search: understanding the question, fusion of the legs, reranking."""
