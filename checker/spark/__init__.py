"""Spark SQL as typed: text in, tokens, tree and canonical text out (SET streamlink.dialect = 'spark').

What reaches Spark is written anew from the tree: every name in backquotes, every string in one form, no comment, no
hint, and only those words bare that words.py lists.  So what is a name here cannot be a keyword there, and what Spark
reads is what was checked.  The tokens of that text are the client's, one for one (faithful.py), so it also means what
the client wrote.

Left out: whatever is no query.
"""
