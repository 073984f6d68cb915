"""What is true: claims with their assumptions, theorems, expectations, certificates, and a decision for a pipeline."""
