"""Text in, verdict out. Knows nothing of sockets, of Spark or of the language model's place."""
