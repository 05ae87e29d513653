"""Attack findings: what of a statement, or of any text, only an attacker would write.

Two ways in: `judge_statement`, for what PostgreSQL's grammar takes, as a layer of the gate; `judge_text`, for any text
at all, as a web application firewall is given them.  `score` says what findings weigh together.
"""

from checker.injection.findings import moved, score
from checker.injection.statement import judge_statement
from checker.injection.text import judge_text

__all__ = ["judge_statement", "judge_text", "moved", "score"]
