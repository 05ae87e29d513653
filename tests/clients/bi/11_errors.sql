-- family: Errors
-- error 22012: division by zero | 22012
SELECT num_claims / 0 FROM patent;
-- error 22012: division by a column that holds zero | 22012
SELECT 1 / id FROM (VALUES (1), (0)) v(id);
-- error 22012: remainder by zero | 22012
SELECT num_claims % (num_claims - num_claims) FROM patent;
-- error 22003: integer overflow | 22003
SELECT number + 1 FROM clients.kinds;
-- error 22003: bigint overflow | 22003
SELECT big * 2 FROM clients.kinds;
-- error 22003: a cast that does not fit | 22003
SELECT (grant_year * 100)::smallint FROM patent;
-- error 22003: a numeric that does not fit | 22003
SELECT grant_year::numeric(3,0) FROM patent;
-- error 22P02: text that is no integer | 22P02
SELECT kind::int FROM patent WHERE kind IS NOT NULL;
-- error 22P02: text that is no integer, constant | 22P02
SELECT 'abc'::int FROM patent;
-- error 22P02: text that is no number | 22P02
SELECT title::numeric FROM patent;
-- error 22P02: text that is no boolean | 22P02
SELECT title::boolean FROM patent;
-- error 22007: text that is no date | 22007
SELECT title::date FROM patent;
-- error 22008: a day that is not in the calendar | 22008
SELECT (grant_year::text || '-02-31')::date FROM patent WHERE grant_year IS NOT NULL;
-- error 22008: a constant day that is not in the calendar | 22008
SELECT count(*) FROM patent WHERE grant_date > '2021-02-29';
-- error 2201F: root of a negative number | 2201F
SELECT sqrt(-num_claims) FROM patent;
-- error 2201E: logarithm of zero | 2201E
SELECT ln(num_claims - num_claims) FROM patent;
-- error 21000: a scalar subquery of several rows | 21000
SELECT (SELECT title FROM patent) FROM clients.kinds;
-- error 22011: a negative length | 22011
SELECT substring(title FROM 2 FOR -1) FROM patent;
-- error 42703: a column that is not there | 42703
SELECT nosuch FROM patent;
-- error 42P01: a table that is not there | 42P01
SELECT * FROM nosuch;
-- error 42702: an ambiguous column | 42702
SELECT patent_id FROM patent, assignee;
-- error 42803: a column that is not grouped | 42803
SELECT source, kind, count(*) FROM patent GROUP BY source;
-- error 42883: a function that is not there for the types | 42883
SELECT round(single, 2) FROM clients.kinds;
-- error 42883: an operator that is not there | 42883
SELECT title + 1 FROM patent;
-- error 42804: a CASE of two kinds | 42804
SELECT CASE WHEN true THEN num_claims ELSE title END FROM patent;
-- error 42804: a UNION of two kinds | 42804
SELECT title FROM patent UNION SELECT num_claims FROM patent;
-- error 42601: a misspelt statement | 42601
SELECT FROM WHERE;
-- error 42P10: an ordinal that is not there | 42P10
SELECT source FROM patent ORDER BY 2;
-- error 42P20: a window in WHERE | 42P20
SELECT source FROM patent WHERE row_number() OVER () = 1;
-- error 42803: an aggregate in WHERE | 42803
SELECT source FROM patent WHERE count(*) > 1;
-- error 2201W: a negative limit | 2201W
SELECT patent_id FROM patent LIMIT -1;
