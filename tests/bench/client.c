/* A C client for the benches: runs one statement through libpq and counts what comes.
 *
 *   client CONNINFO SQL text|binary whole|single [BYTES_PER_SECOND]
 *
 * Prints rows, seconds to the first row and seconds in all.  A rate makes it a slow reader.
 */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
    if (argc < 5) return 2;
    int binary = !strcmp(argv[3], "binary"), single = !strcmp(argv[4], "single");
    double rate = argc > 5 ? atof(argv[5]) : 0;
    PGconn *c = PQconnectdb(argv[1]);
    if (PQstatus(c) != CONNECTION_OK) { fputs(PQerrorMessage(c), stderr); return 1; }
    double start = now(), first = 0, bytes = 0;
    long rows = 0;
    PQsendQueryParams(c, argv[2], 0, NULL, NULL, NULL, NULL, binary);
    if (single) PQsetSingleRowMode(c);
    for (PGresult *r; (r = PQgetResult(c)); PQclear(r)) {
        ExecStatusType s = PQresultStatus(r);
        if (s != PGRES_TUPLES_OK && s != PGRES_SINGLE_TUPLE) { fputs(PQerrorMessage(c), stderr); return 1; }
        int n = PQntuples(r);
        if (n && !first) first = now() - start;
        rows += n;
        if (rate > 0) {
            for (int i = 0; i < n; i++)
                for (int f = 0; f < PQnfields(r); f++) bytes += PQgetlength(r, i, f) + 4;
            double ahead = bytes / rate - (now() - start);
            if (ahead > 0.05) {
                struct timespec t = {(time_t)ahead, (long)((ahead - (time_t)ahead) * 1e9)};
                nanosleep(&t, NULL);
            }
            if (now() - start > 30) break; /* a slow reader is watched for half a minute */
        }
    }
    printf("%ld %.3f %.3f\n", rows, first, now() - start);
    return 0;
}
