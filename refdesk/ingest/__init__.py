"""From files, archives and URLs to papers in the library."""
