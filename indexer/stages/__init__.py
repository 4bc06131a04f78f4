"""The stages of a run: each writes a part of the staged generation."""
