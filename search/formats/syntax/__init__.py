"""What files are made of: lines, tagged fields, pieces of XML, JSON."""
