"""The commands of `streamlink-sql`.  Each module adds its own to the parser and imports what is heavy when
it runs."""
