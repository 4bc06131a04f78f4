"""The core of jmedsearch: records, text, encoder, library, ranked search, suggestion."""
