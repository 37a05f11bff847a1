"""One index: its implementation by one vendor's library."""
