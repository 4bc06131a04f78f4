"""What is done to a library that is there: its records and its generations."""
