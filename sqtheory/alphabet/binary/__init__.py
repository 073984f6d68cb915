"""Binary codes: every row a sum of sign vectors with real scales, fitted to what it encodes."""
