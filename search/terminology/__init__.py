"""Concepts of medicine and what they are called in Japanese and English, beside every library."""
