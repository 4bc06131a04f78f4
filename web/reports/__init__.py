"""What a collection's work is reported by, in the language of the reader."""
