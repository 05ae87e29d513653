"""`streamlink-sql` whose users have rights by their names, before a policy file says so.

`writer` may do everything, `inserter` may INSERT into `w.*` alone; everybody else reads.
"""

from __future__ import annotations

from dataclasses import replace

from checker.context import READ_ALL, Action, Grants
from proxy.__main__ import main
from proxy.service import Service

GRANTS = {
    "writer": tuple((action, pattern) for action in Action for pattern in ("*.*", "*")),
    "inserter": ((Action.INSERT, "w.*"),),
}


def grants_of(self: Service, user: str) -> Grants:
    return replace(READ_ALL, writes=GRANTS.get(user, ()))


Service.grants_of = grants_of  # type: ignore[method-assign]
if __name__ == "__main__":
    raise SystemExit(main())
