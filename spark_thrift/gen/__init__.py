"""Stubs that the thrift compiler wrote; see README.md."""
