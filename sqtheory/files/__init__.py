"""What is stored: checkpoints, packed tensors, and writing that leaves both or neither."""
