"""What the fields of records share, whatever format they come from."""
