"""Scripts that ask a machine with an accelerator what the package says of it: none is a test, none runs in CI."""
