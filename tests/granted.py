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
from proxy.service import Service


def by_user(file: Path) -> Any:
    """Read anew for each session, so that a test can change them."""
    plain = Service.grants_of

    def grants_of(self: Service, user: str) -> Grants:
        wanted = json.loads(file.read_text("utf-8"))
        fields: dict[str, Any] = wanted.get(user, {})
        return replace(
            plain(self, user), **{k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}
        )

    return grants_of


if __name__ == "__main__":
    Service.grants_of = by_user(Path(os.environ["TEST_GRANTS"]))  # type: ignore[method-assign]
    sys.exit(main())
