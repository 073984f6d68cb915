"""Proofs of the theorems of sqtheory; ``python -m proofs`` checks them and prints what each rests on."""
