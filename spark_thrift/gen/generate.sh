#!/bin/sh
# Write spark_thrift/gen/TCLIService/ anew from TCLIService.thrift.  Needs thrift (Debian: thrift-compiler 0.17).
set -eu
cd "$(dirname "$0")"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
thrift -nowarn --gen py -out "$out" TCLIService.thrift
rm -rf TCLIService
mv "$out/spark_thrift/gen/TCLIService" TCLIService
rm -f TCLIService/TCLIService-remote
