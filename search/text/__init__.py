"""Text for the model and text for BM25, with offsets into the original.

``fold``       width, composition and case folded, each character traceable to the original
``sentences``  where sentences begin and end
``terms``      the words that BM25 indexes and looks for
``profile``    what an encoder wants of its input
"""
