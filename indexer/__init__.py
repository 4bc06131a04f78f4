"""Builds libraries: records in, a published generation out."""
