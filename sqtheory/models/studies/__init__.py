"""Studies of whole networks: depth, sensitivity, guarantees, and the open questions."""
