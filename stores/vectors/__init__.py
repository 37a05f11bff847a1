"""The vector index, by Chroma."""
