"""Feeds: pull papers from providers and folders within their rate limits, and keep the state of each feed."""
