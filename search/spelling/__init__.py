"""もしかして: what was probably meant, out of the library's own terms."""
