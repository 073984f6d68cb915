"""Tensors as the matrices whose columns a layer sums over."""
