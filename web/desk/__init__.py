"""The librarian's desk: accounts, collections, their history, in one file apart from libraries."""
