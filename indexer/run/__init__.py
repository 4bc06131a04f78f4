"""An indexing run: what comes in, and what becomes of it."""
