"""How things look: the terminal and the export formats. Nothing else prints or formats."""
