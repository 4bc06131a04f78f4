"""OpenSearch: exact search for programs that know CiNii's, and for the browser's search bar."""
