"""The server: PostgreSQL's protocol in front, one pipeline, and the engines behind it."""
