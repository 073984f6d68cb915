"""How checkpoints spell quantized weights: which stored tensors belong together, and the values they stand for."""
