"""Everything that is Spark's: the HiveServer2 client, columns, types, dialect and the embedded server."""
