"""The index on Milvus: the same search as over segments, by a server that many machines share."""
