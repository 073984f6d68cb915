"""What a weight is given back after it lost entries or precision."""
