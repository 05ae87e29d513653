"""Reads a table through PyHive or impyla; run by bench_rows in the peers' environment.  Prints rows and seconds."""

import os
import sys
import time


def main() -> None:
    which, host, port, sql = sys.argv[1:]
    password = os.environ["SPARK_PASSWORD"]
    if which == "pyhive":
        from pyhive import hive

        cursor = hive.connect(host, int(port), auth="CUSTOM", username="bench", password=password).cursor()
        cursor.arraysize = 10_000
    else:
        from impala.dbapi import connect
        from impala.hiveserver2 import Operation

        # It asks for the operation's log, which this server keeps none of; not asking costs it nothing.
        Operation.get_log = lambda *_args, **_kwargs: ""
        cursor = connect(host, int(port), auth_mechanism="PLAIN", user="bench", password=password).cursor()
        cursor.arraysize = 10_000
    cursor.execute("SET spark.sql.thriftServer.incrementalCollect=true")
    start = time.perf_counter()
    cursor.execute(sql)
    rows = 0
    while batch := cursor.fetchmany(10_000):
        rows += len(batch)
    print(rows, time.perf_counter() - start)


main()
