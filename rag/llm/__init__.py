"""Talking to chat models: the clients, the prompts as data, counting tokens."""
