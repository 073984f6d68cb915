"""Sparsity and quantization on one tensor: two orders, their errors, and the assumptions between them."""
