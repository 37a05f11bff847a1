"""Optional local models: which are known, where they are, and their download from a hub."""
