-- Statements that are refused, each with SQLSTATE and the construct that the message names (test_cases.py).

-- what Spark has no proven form for
SELECT initcap(s) FROM s.t; -- 0A000 function initcap
SELECT age(ts) FROM s.t; -- 0A000 function age
SELECT f::text FROM s.t; -- 0A000 a cast from double precision to text
SELECT (n / 3)::text FROM s.t; -- 0A000 a cast from numeric to text
SELECT tz::text FROM s.t; -- 0A000 a cast from timestamp with time zone to text
SELECT a::inet FROM s.t; -- 0A000 type inet
SELECT s::json FROM s.t; -- 0A000 type json
SELECT s SIMILAR TO 'a%' FROM s.t; -- 0A000 SIMILAR TO
SELECT s ~ 'a**' FROM s.t; -- 0A000 a regular expression with doubled quantifiers
SELECT substring(s FROM 'a*?') FROM s.t; -- 0A000 a regular expression with alternatives or repeated groups, where the matching part counts
SELECT s ~ '(a)\1' FROM s.t; -- 0A000 a regular expression with \1
SELECT s ~ '(?<=x)foo' FROM s.t; -- 0A000 a regular expression with look-behind or embedded options
SELECT s ~ name FROM s.t, s.u; -- 0A000 a regular expression that is not a constant
SELECT regexp_replace(s, 'a|ab', 'x') FROM s.t; -- 0A000 a regular expression with alternatives or repeated groups, where the matching part counts
SELECT regexp_replace(s, 'x*', '-', 'g') FROM s.t; -- 0A000 a regular expression with empty matches, where every match counts
SELECT regexp_matches(s, 'a') FROM s.t; -- 0A000 function regexp_matches
SELECT chr(a) FROM s.t; -- 0A000 chr of anything but a constant from 1 to 127
SELECT to_char(d, 'DDth') FROM s.t; -- 0A000 the date template 'DDth'
SELECT to_char(ts, 'SSSS') FROM s.t; -- 0A000 SSSS in a date template
SELECT to_date(s, 'Mon DD') FROM s.t; -- 0A000 the date template 'Mon DD' for reading
SELECT extract(julian from d) FROM s.t; -- 0A000 unit "julian" not supported for type date
SELECT tz AT TIME ZONE 'EST' FROM s.t; -- 0A000 AT TIME ZONE with anything but a zone's full name
SELECT interval '1 month 1 day'; -- 0A000 an interval of months and days together
SELECT interval '1 month' = interval '30 days'; -- 42883 operator does not exist: interval = interval
SELECT tz + (tz - tz) FROM s.t; -- 0A000 timestamp with time zone + a computed interval
SELECT arr[1:2] FROM s.t; -- 0A000 array slices and several dimensions
SELECT arr @> ARRAY[1] FROM s.t; -- 0A000 operator "@>"
SELECT arr < ARRAY[1] FROM s.t; -- 0A000 < of integer[]
SELECT a FROM s.t ORDER BY arr; -- 0A000 ORDER BY integer[]
SELECT ARRAY(SELECT 1); -- 0A000 ARRAY(subquery)
SELECT sum(a) OVER (ORDER BY b GROUPS 1 PRECEDING) FROM s.t; -- 0A000 GROUPS window frames
SELECT sum(a) OVER (ORDER BY b ROWS 1 PRECEDING EXCLUDE TIES) FROM s.t; -- 0A000 EXCLUDE in a window frame
SELECT sum(a) OVER (ORDER BY f RANGE 1 PRECEDING) FROM s.t; -- 0A000 this bound of a RANGE window frame
SELECT array_agg(a ORDER BY b) OVER () FROM s.t; -- 0A000 array_agg with ORDER BY as a window function
SELECT string_agg(s, s) FROM s.t; -- 0A000 string_agg with a separator that is not a constant
SELECT percentile_cont(a) WITHIN GROUP (ORDER BY b) FROM s.t GROUP BY a; -- 0A000 a percentile whose fraction is not a constant from 0 to 1
SELECT a FROM s.t FETCH FIRST 3 ROWS WITH TIES; -- 0A000 FETCH FIRST ... WITH TIES
SELECT a FROM s.t LIMIT a; -- 0A000 LIMIT with anything but a constant
SELECT a > ALL (SELECT id FROM s.u) FROM s.t; -- 0A000 > ALL over a subquery
SELECT (a, b) NOT IN (SELECT id, a FROM s.u) FROM s.t; -- 0A000 a row in NOT IN over a subquery
SELECT * FROM s.t FOR UPDATE; -- 0A000 Select with locks
SELECT * FROM json_each('{}'); -- 0A000 function json_each in FROM
SELECT * FROM (s.t JOIN s.u USING (id)) AS j; -- 0A000 an alias on a parenthesised join
SELECT * FROM generate_series(DATE '2020-01-31', DATE '2020-12-31', interval '1 month'); -- 0A000 a series of months from a day that some months lack
SELECT x.a FROM (SELECT 1 AS a, 2 AS "A") x; -- 0A000 column "a" beside a name that differs only in case
WITH RECURSIVE r AS (SELECT 1 AS n UNION SELECT n + 1 FROM r) SELECT * FROM r; -- 0A000 WITH RECURSIVE without UNION ALL
SELECT s COLLATE "de_DE" FROM s.t; -- 0A000 COLLATE "de_DE"
SELECT mystery / 2 FROM s.unlisted; -- 0A000 operator "/" on a column whose type is not known
SELECT nosuchfunction(a) FROM s.t; -- 0A000 function nosuchfunction
INSERT INTO s.t VALUES (1); -- 0A000 INSERT as a query
SELECT * FROM s.t TABLESAMPLE system_rows(3); -- 0A000 TABLESAMPLE SYSTEM_ROWS
SELECT xmlagg(a) FROM s.t; -- 0A000 function xmlagg

-- what PostgreSQL refuses as well
SELECT nosuch FROM s.t; -- 42703 column "nosuch" does not exist
SELECT t.nosuch FROM s.t; -- 42703 column t.nosuch does not exist
SELECT v.a FROM s.t; -- 42P01 missing FROM-clause entry for table "v"
SELECT id FROM s.t, s.u; -- 42702 column reference "id" is ambiguous
SELECT * FROM s.t JOIN s.t ON true; -- 42712 table name "t" specified more than once
SELECT s + 1 FROM s.t; -- 42883 operator does not exist: text + integer
SELECT s = 1 FROM s.t; -- 42883 operator does not exist: text = integer
SELECT a LIKE '1%' FROM s.t; -- 42883 operator does not exist: integer LIKE text
SELECT a || b FROM s.t; -- 42883 operator does not exist: integer || bigint
SELECT 'x'::int; -- 22P02 invalid input syntax for type integer: "x"
SELECT a = 'x' FROM s.t; -- 22P02 invalid input syntax for type integer: "x"
SELECT round(f, 1) FROM s.t; -- 42883 function round(double precision, integer) does not exist
SELECT upper(a) FROM s.t; -- 42883 function upper(integer) does not exist
SELECT a FROM s.t WHERE a; -- 42804 argument of a condition must be type boolean, not type integer
SELECT coalesce(a, 'x') FROM s.t; -- 22P02 invalid input syntax for type integer: "x"
SELECT 1 UNION SELECT 1, 2; -- 42601 each UNION query must have the same number of columns
SELECT a FROM s.t UNION SELECT s FROM s.t; -- 42804 UNION types integer and text cannot be matched
SELECT a FROM s.t LIMIT -1; -- 2201W LIMIT must not be negative
SELECT a FROM s.t ORDER BY 2; -- 42P10 ORDER BY position 2 is not in select list
SELECT max(ok) FROM s.t; -- 42883 function max(boolean) does not exist
SELECT substr(s, 1, -1) FROM s.t; -- 22011 negative substring length not allowed
SELECT DISTINCT ON (a) a FROM s.t ORDER BY b; -- 42P10 SELECT DISTINCT ON expressions must match initial ORDER BY expressions
SELECT rank() FROM s.t; -- 42809 window function requires an OVER clause
SELECT DATE '2021-02-30'; -- 22008 date/time field value out of range: "2021-02-30"
SELECT a FROM s.t GROUP BY DISTINCT ROLLUP (a), ROLLUP (a); -- 0A000 GROUP BY DISTINCT
SELECT extract(day FROM age(d, ts)) FROM s.t; -- 0A000 extract(day) from age
SELECT age(d, ts) FROM s.t; -- 0A000 function age
SELECT to_char(a, 'S99') FROM s.t; -- 0A000 the number template 'S99'
SELECT to_char(f, '99') FROM s.t; -- 0A000 to_char of double precision
SELECT to_char(a, '9,9') FROM s.t; -- 0A000 the number template '9,9'
