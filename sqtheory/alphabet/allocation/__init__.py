"""How one budget of entries, bits or storage is shared among the tensors of a network."""
