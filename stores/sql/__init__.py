"""The catalog's tables in a relational database, by SQLAlchemy."""
