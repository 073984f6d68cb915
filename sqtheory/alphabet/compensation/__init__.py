"""What makes up for an error: other entries by second moments of the inputs, sweeps, terms of low rank, residuals."""
