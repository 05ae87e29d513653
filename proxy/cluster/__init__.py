"""A small cluster as real processes on one machine: what `streamlink-sql cluster` starts, watches and ends."""
