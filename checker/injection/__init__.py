"""Attack findings: what of a statement, or of any text, only an attacker would write."""
