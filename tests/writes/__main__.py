"""`streamlink-sql` whose users have rights by their names, before a policy file says so.

`writer` may do everything, `inserter` may INSERT into `w.*` alone; everybody else reads.  With WRITES_SHARE_DISK in the
environment the Spark that the settings name counts as one that reads our files, as an embedded one does.
"""

from __future__ import annotations

import os
from dataclasses import replace

from checker.context import READ_ALL, Action, Grants
from proxy.__main__ import main
from proxy.service import Service
from proxy.settings import Settings

GRANTS = {
    "writer": tuple((action, pattern) for action in Action for pattern in ("*.*", "*")),
    "inserter": ((Action.INSERT, "w.*"),),
}


def grants_of(self: Service, user: str) -> Grants:
    return replace(READ_ALL, writes=GRANTS.get(user, ()))


Service.grants_of = grants_of  # type: ignore[method-assign]
if "WRITES_SHARE_DISK" in os.environ:
    Settings.spark_shares_disk = property(lambda self: True)  # type: ignore[method-assign, assignment]
if __name__ == "__main__":
    raise SystemExit(main())
