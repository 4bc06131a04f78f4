"""Records from the network, where the institution has switched it on: asked for, kept as files.

A harvest (収集) keeps a source's answers as they came, page by page, in a folder that is indexed
like any export. :mod:`network` says who may be asked at all, :mod:`connection` asks, a module for
each source knows its protocol, :mod:`harvesting` carries a harvest on wherever it was ended.

The clients that exist were looked at: Biopython's Entrez, pyalex, habanero. Each opens connections
of its own (urllib, requests, httpx), follows redirects to any host, reads answers of any length and
sleeps by itself, so that neither the allow-list nor the pace could be kept in one place; what they
add to that are names of parameters. Only the parsing of answers is worth sharing, and that is done
by the readers in :mod:`search.formats`.
"""
