"""Pruned entries become +0, kept entries are unchanged: a bitwise AND instead of a choice."""
