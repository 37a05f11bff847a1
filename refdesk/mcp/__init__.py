"""
The assistants' server: the library as tools, resources and prompts of the Model Context Protocol (MCP).

Its package `mcp` is imported within the command alone, so that the other commands start as before.
"""
