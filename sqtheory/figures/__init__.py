"""Figures: each a pure function of its data; styles are plain dictionaries."""
