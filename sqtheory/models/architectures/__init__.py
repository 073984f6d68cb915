"""Numpy forward passes of exported models, one architecture a file."""
