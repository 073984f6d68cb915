"""Figures: each one file with a function that computes its data and a pure function from data to a figure."""
