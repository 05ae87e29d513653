"""The server with the grants that a test wants.

TEST_GRANTS names a file of JSON, user -> fields of Grants, that is read for each session.
Run it as `python -m tests.granted`, with the arguments of `python -m proxy`.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from checker.context import Grants
from proxy.__main__ import main
from proxy.policies import Policies


def by_user(file: Path) -> Any:
    """Read anew each time, so that a test can change them."""
    plain = Policies.grants

    def grants(self: Policies, user: str, given: tuple[str, ...], database: str | None = None) -> Grants:
        wanted = json.loads(file.read_text("utf-8"))
        fields: dict[str, Any] = wanted.get(user, {})
        return replace(
            plain(self, user, given, database),
            **{k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()},
        )

    return grants


if __name__ == "__main__":
    Policies.grants = by_user(Path(os.environ["TEST_GRANTS"]))  # type: ignore[method-assign]
    sys.exit(main())
