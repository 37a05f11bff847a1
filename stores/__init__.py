"""Where things rest: the catalog (the truth), the lexical index and the vectors (derived), and what keeps them one."""
