"""The mirror: a real PostgreSQL that holds Spark's catalogue as empty tables and answers for it."""

from proxy.mirror.errors import MirrorError, MirrorNotStarted, MirrorUnavailable
from proxy.mirror.lease import Lease, MirrorStream
from proxy.mirror.mirror import Mirror, MirrorOptions
from proxy.mirror.replies import MirrorBatch, Reply

__all__ = [
    "Lease",
    "Mirror",
    "MirrorBatch",
    "MirrorError",
    "MirrorNotStarted",
    "MirrorOptions",
    "MirrorStream",
    "MirrorUnavailable",
    "Reply",
]
