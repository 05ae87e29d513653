-- Queries in Spark SQL that the gate lets through; Spark gives the same rows for the text as typed and as written anew.
SELECT 1 AS a, 'x' AS b, NULL, TRUE, 1.5, .5, 1., 1e3, 1L, 2S, 3Y, 4D, 5F, 6BD, 1.25bd
SELECT -1, - 1, 1 - -1, 2 * (3 + 4), 7 / 2, 7 DIV 2, 7 % 2, ~5, 5 & 3, 5 | 3, 5 ^ 3
SELECT 'it\'s', 'a''b', 'tab\there', 'new\nline', 'back\\slash', '\u0041\u00e9', 'a\%b\_c', 'say "hi"', '\/', r'\d+\w', R'raw\'
SELECT 'dollar $ {x}', '$' || '{x}', '-- no comment', '/* nor this */', 'semi;colon', '`tick`'
SELECT hex(X'00ff'), x'', hex(X'0A'), length(X'0102')
SELECT DATE '2024-02-29', DATE'2024-01-01' + 1, TIMESTAMP '2024-01-01 10:00:00', TIMESTAMP_NTZ '2024-01-01 10:00:00'
SELECT INTERVAL 1 DAY, INTERVAL '1' DAY, INTERVAL '1-2' YEAR TO MONTH, INTERVAL '1 02:03:04' DAY TO SECOND, INTERVAL 3 HOURS 2 MINUTES, INTERVAL -2 WEEKS
SELECT DATE '2024-01-31' + INTERVAL 1 MONTH, TIMESTAMP '2024-01-01 00:00:00' - INTERVAL '2' HOURS
SELECT CAST('12' AS INT), CAST(1.567 AS DECIMAL(10, 2)), TRY_CAST('x' AS BIGINT), CAST('2024-01-01' AS DATE), CAST(1 AS STRING), CAST(array('1') AS ARRAY<INT>)
SELECT CAST(map('a', '1') AS MAP<STRING, INT>), CAST(named_struct('a', 1) AS STRUCT<b: STRING>), CAST(array(array(1)) AS ARRAY<ARRAY<BIGINT>>)
SELECT EXTRACT(YEAR FROM DATE '2024-02-29'), EXTRACT(dow FROM DATE '2024-02-29'), year(DATE '2024-02-29'), date_trunc('MONTH', TIMESTAMP '2024-02-29 01:02:03')
SELECT TRIM('  a '), TRIM(BOTH 'x' FROM 'xax'), TRIM(LEADING 'x' FROM 'xax'), TRIM(TRAILING FROM ' a '), TRIM('x' FROM 'xax'), trim('xax', 'x')
SELECT SUBSTRING('Spark' FROM 2), SUBSTRING('Spark' FROM 2 FOR 3), substring('Spark', -2), substr('Spark', 2, 2), OVERLAY('Spark' PLACING '_' FROM 3), OVERLAY('Spark' PLACING 'XX' FROM 2 FOR 3), position('r', 'Spark')
SELECT left('abc', 1), right('abc', 1), `upper`('x'), if(1 > 0, 'y', 'n'), replace('aa', 'a', 'b'), int('5'), string(5), date('2024-01-01'), boolean('true')
SELECT array(1, 2, 3)[0], map('k', 'v')['k'], named_struct('a', 1).a, struct(1, 2).col1, array(named_struct('x', 1)).x
SELECT transform(array(1, 2), x -> x + 1), filter(array(1, 2, 3), x -> x > 1), aggregate(array(1, 2, 3), 0, (acc, x) -> acc + x), exists(array(1), x -> x = 1), transform(array(5), (x, i) -> x * i)
SELECT aggregate(array(1, 2, 3), 0, (acc, x) -> acc + x, acc -> acc * 10), map_filter(map('a', 1), (k, v) -> v > 0), zip_with(array(1), array(2), (x, y) -> x + y), array_sort(array(3, 1), (l, r) -> CASE WHEN l < r THEN -1 WHEN l > r THEN 1 ELSE 0 END)
SELECT sort_array(array(3, 1, 2)), array_contains(array(1), 1), size(array(1, 2)), element_at(array(1, 2), -1), sequence(1, 5, 2), flatten(array(array(1), array(2))), slice(array(1, 2, 3), 2, 1)
SELECT a, b FROM VALUES (1, 'x'), (2, NULL) AS t(a, b) WHERE b IS NOT NULL ORDER BY a
SELECT * FROM VALUES (1, 2) t(a, b), VALUES (3) u(c)
VALUES (1, 'a'), (2, 'b')
SELECT a <=> NULL, a IS DISTINCT FROM 1, a IS NOT DISTINCT FROM 1, a == 1, a != 1, a <> 1, !(a = 1), NOT a = 1 FROM VALUES (1), (NULL) AS t(a)
SELECT 'abc' RLIKE 'b', 'abc' REGEXP '^a', 'abc' LIKE 'a%', 'a%c' LIKE 'a\%c', 'a_c' LIKE 'a/_c' ESCAPE '/', 'ABC' ILIKE 'a%', 'abc' NOT LIKE 'b%', 'abc' NOT RLIKE 'z'
SELECT 1 IN (1, 2), 1 NOT IN (2), 1 BETWEEN 0 AND 2, 5 NOT BETWEEN 0 AND 2, TRUE IS TRUE, NULL IS NOT TRUE
SELECT CASE WHEN a > 1 THEN 'big' ELSE 'small' END AS size, CASE a WHEN 1 THEN 'one' END FROM VALUES (1), (2) AS t(a) ORDER BY a
SELECT k, count(*), sum(v), avg(v), min(v), max(v), count(DISTINCT v), sum(v) FILTER (WHERE v > 1) FROM VALUES ('a', 1), ('a', 2), ('b', 3) AS t(k, v) GROUP BY k HAVING count(*) > 0 ORDER BY k
SELECT k, sort_array(collect_list(v)), sort_array(collect_set(v)), first(v), last(v), max_by(k, v) FROM VALUES ('a', 1), ('b', 3) AS t(k, v) GROUP BY k ORDER BY k
SELECT a, b, grouping_id(), sum(v) FROM VALUES ('x', 'y', 1) AS t(a, b, v) GROUP BY ROLLUP (a, b) ORDER BY 3
SELECT a, sum(v) FROM VALUES ('x', 1), ('y', 2) AS t(a, v) GROUP BY GROUPING SETS ((a), ()) ORDER BY a
SELECT a, sum(v) FROM VALUES ('x', 1), ('y', 2) AS t(a, v) GROUP BY CUBE (a) ORDER BY a NULLS LAST
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY v), percentile(v, 0.5), approx_percentile(v, 0.5) FROM VALUES (1), (2), (3) AS t(v)
SELECT v, row_number() OVER (ORDER BY v DESC), sum(v) OVER (PARTITION BY v % 2 ORDER BY v ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), lag(v) OVER w FROM VALUES (1), (2), (3) AS t(v) WINDOW w AS (ORDER BY v) ORDER BY v
SELECT v, avg(v) OVER (ORDER BY v RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING), lead(v) IGNORE NULLS OVER (ORDER BY v), first_value(v) RESPECT NULLS OVER (ORDER BY v) FROM VALUES (1), (2), (4) AS t(v) ORDER BY v
SELECT id, x FROM VALUES (1, array(10, 20)) AS t(id, xs) LATERAL VIEW explode(xs) e AS x ORDER BY x
SELECT id, p, x FROM VALUES (1, array(10)), (2, array()) AS t(id, xs) LATERAL VIEW OUTER posexplode(xs) e AS p, x ORDER BY id
SELECT k, v FROM (SELECT map('a', 1) AS m) LATERAL VIEW explode(m) AS k, v
SELECT explode(array(1, 2)) AS x
SELECT posexplode(array('a')) AS (i, v)
SELECT inline(array(struct(1, 'a')))
SELECT * FROM range(3) AS r ORDER BY id
SELECT * FROM explode(array(1, 2)) AS t(x) ORDER BY x
SELECT t.id, e.x FROM VALUES (1, array(5)) AS t(id, xs), LATERAL explode(t.xs) AS e(x)
SELECT stack(2, 1, 'a', 2, 'b') AS (n, s)
SELECT t.a, s.m FROM VALUES (1), (2) AS t(a), LATERAL (SELECT t.a * 2 AS m) AS s ORDER BY 1
WITH a AS (SELECT 1 AS x), B(y) AS (SELECT x + 1 FROM A) SELECT a.x, b.y FROM a CROSS JOIN b
SELECT * FROM (SELECT 1 AS a) l JOIN (SELECT 1 AS a) r ON l.a = r.a LEFT JOIN (SELECT 2 AS c) q ON q.c = l.a
SELECT * FROM VALUES (1), (2) AS l(a) LEFT SEMI JOIN VALUES (1) AS r(a) ON l.a = r.a
SELECT * FROM VALUES (1), (2) AS l(a) LEFT ANTI JOIN VALUES (1) AS r(a) ON l.a = r.a
SELECT * FROM VALUES (1) AS l(a) FULL OUTER JOIN VALUES (2) AS r(a) USING (a) ORDER BY a
SELECT * FROM VALUES (1) AS l(a) NATURAL JOIN VALUES (1) AS r(a)
SELECT * FROM ((SELECT 1 AS a) AS l INNER JOIN (SELECT 1 AS b) AS r ON l.a = r.b)
SELECT a FROM VALUES (1), (2) AS t(a) UNION ALL SELECT 3 UNION SELECT 3 ORDER BY a DESC LIMIT 2 OFFSET 1
SELECT a FROM VALUES (1), (2) AS t(a) EXCEPT SELECT 2
SELECT a FROM VALUES (1), (2) AS t(a) MINUS SELECT 2
SELECT a FROM VALUES (1), (2) AS t(a) INTERSECT SELECT 2
(SELECT 1 AS a) UNION ALL (SELECT 2 LIMIT 1) ORDER BY 1
SELECT a FROM VALUES (2), (1), (NULL) AS t(a) ORDER BY a
SELECT a FROM VALUES (2), (1), (NULL) AS t(a) ORDER BY a ASC NULLS LAST
SELECT a FROM VALUES (2), (1), (NULL) AS t(a) ORDER BY a DESC NULLS FIRST
SELECT a FROM VALUES (2), (1) AS t(a) DISTRIBUTE BY a SORT BY a
SELECT a FROM VALUES (2) AS t(a) CLUSTER BY a
SELECT DISTINCT a FROM VALUES (1), (1) AS t(a)
SELECT a FROM VALUES (1), (2) AS t(a) WHERE a IN (SELECT 2) OR EXISTS (SELECT 1 FROM VALUES (1) AS u(b) WHERE u.b = t.a) ORDER BY a
SELECT (SELECT max(b) FROM VALUES (1), (2) AS u(b)) AS m
SELECT a FROM VALUES (1, 2) AS t(a, b) WHERE (a, b) IN (SELECT 1, 2)
SELECT t.*, 1 FROM VALUES (1) AS t(a)
SELECT `a b`.`x``y`, `from` FROM (SELECT 1 AS `x``y`, 2 AS `from`) AS `a b`
SELECT date AS year, day AS month FROM (SELECT 1 AS date, 2 AS day)
SELECT rows, range, first, filter, window FROM (SELECT 2 AS rows, 3 AS range, 4 AS first, 5 AS filter, 6 AS window)
SELECT /* a comment /* nested */ */ 1 -- the end
SELECT /*+ BROADCAST(t) */ * FROM VALUES (1) AS t(a)
SELECT Count(*) , COUNT(1) AS Foo FROM VALUES (1) AS T(A)
SELECT typ FROM (SELECT 1 AS Typ) WHERE TYP = 1
SELECT to_json(named_struct('a', 1)), get_json_object('{"a": 1}', '$.a'), from_json('{"a": 1}', 'a INT').a, json_tuple('{"a": 1}', 'a')
SELECT regexp_replace('a1b2', '\\d', '#'), regexp_extract('a1', r'(\d)', 1), split('a,b', ','), split('a.b', '\\.'), concat_ws('-', 'a', 'b'), format_string('%d', 3), date_format(DATE '2024-02-29', 'yyyy-MM')
SELECT datediff(DATE '2024-03-01', DATE '2024-02-01'), date_add(DATE '2024-01-01', 1), add_months(DATE '2024-01-31', 1), months_between(DATE '2024-03-01', DATE '2024-01-01'), to_date('2024-01-01'), to_timestamp('2024-01-01 00:00:00'), unix_timestamp(TIMESTAMP '1970-01-02 00:00:00')
SELECT current_date = current_date(), current_timestamp IS NOT NULL, now() IS NOT NULL
SELECT greatest(1, 2), coalesce(NULL, 1), nvl(NULL, 2), nullif(1, 1), isnull(NULL), 5 % 3, pmod(-1, 3), round(2.5), bround(2.5), conv('ff', 16, 10), hash(1), md5('a'), sha2('a', 256)
