"""``records.db``: records, and where they came from."""
