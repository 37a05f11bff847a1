"""The word index, by tantivy."""
