"""Makes terminology files: from the sources that ship, and from files that a user adds."""
