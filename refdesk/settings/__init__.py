"""The settings: refdesk.toml and the environment."""
