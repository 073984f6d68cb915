"""What can be written: formats, scales, quantizers, scores, masks, and the notation that spells them."""
