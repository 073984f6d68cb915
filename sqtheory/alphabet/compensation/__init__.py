"""What makes up for an error: second moments, least squares on a support, removal one by one, sweeps with feedback."""
