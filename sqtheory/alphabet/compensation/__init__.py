"""What is added to a compressed weight, or moved within it, for what the compression lost."""
