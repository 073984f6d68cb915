"""Second implementations, written from the definitions alone: slow, exact, and free of sqtheory code."""
