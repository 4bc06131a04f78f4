"""What people and programs see: the page, the JSON API, the command line."""
