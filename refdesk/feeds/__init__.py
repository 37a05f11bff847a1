"""Feeds: what is pulled from providers and folders, politely, and how each does."""
