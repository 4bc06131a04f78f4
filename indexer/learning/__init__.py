"""What a library learns of itself without labels."""
