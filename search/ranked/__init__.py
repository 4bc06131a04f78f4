"""Ranked search (関連度検索): both legs fused, ordered, cut off, the best first."""
