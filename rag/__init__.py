"""What Refdesk does: evidence, citation, retrieval and answers. It knows no file, no server and no screen."""
