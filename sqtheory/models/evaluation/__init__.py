"""What compression costs a model on samples: metrics, their uncertainty, and grids of pipelines."""
