"""A library: what lies on the disk, and what is opened of it."""
