-- One statement a line.  Each must be allowed, and answer the same as written and as the gate writes it again.
SELECT 1, 'a', 1.5, .5, 1e3, 0x1F, 0o17, 0b101, 1_000_000, true, null
SELECT E'a\tb\\c\'d', E'\x41\u00e9\101', U&'d\0061t\+000061', U&'d!0061' UESCAPE '!', 'it''s', $$dollar$$, $a$ $$ $a$
SELECT 'a\b', '\\', E'\\\\', 'c:\dir\'
SELECT B'101', X'1F', B'', length('ünï')
SELECT U&"d\0061t" FROM (SELECT 1 AS dat) x
SELECT CAST('1' AS int), '1'::int4, '1'::integer, '2.5'::numeric(10,2), 'x'::varchar(5), 'y'::char(3), 'z'::"char"
SELECT '1'::float8, '1'::double precision, '1'::real, '1'::float(10), '1'::float, 'abc'::character varying(2)
SELECT DATE '2020-01-31', TIME '12:00', TIMESTAMP '2020-01-01 10:00', TIMESTAMP WITH TIME ZONE '2020-01-01 10:00+02'
SELECT timestamp(3) '2020-01-01 10:00:00.123456', '10:00:00.55'::time(1), time with time zone '10:00+02'
SELECT INTERVAL '1 day', INTERVAL '1' DAY, INTERVAL '1:30' HOUR TO MINUTE, INTERVAL '1.5 years', INTERVAL '1.5' YEAR
SELECT INTERVAL '36 hours', interval '1 mon -2 days', '3 weeks'::interval, INTERVAL '1-2' YEAR TO MONTH
SELECT CAST(CASE WHEN id > 1 THEN id ELSE -id END AS text) FROM users ORDER BY id
SELECT -id, - -id, +1, 1 + +2, -(-id), ~id FROM users WHERE false
SELECT -2 ^ 2, 2 ^ 3 ^ 2, 7 / 2, -7 % 3, 2 + 3 * 4, (2 + 3) * 4, 1 - 1 - 1, 8 / 2 / 2
SELECT 5 & 3, 5 | 3, 5 # 3, 1 << 4, 256 >> 2, |/ 16.0, ||/ 27.0
SELECT 'a' || 'b' || 1, 'x' || NULL, 'abc' ~ '^a', 'abc' ~* 'A', 'abc' !~ 'z', 'abc' !~* 'Z'
SELECT 'abc' ~~ 'a%', 'abc' !~~ 'b%', 'abc' ~~* 'A%', 'abc' ^@ 'ab', 'abc' OPERATOR(pg_catalog.~) 'b'
SELECT 'abc' LIKE 'a%', 'abc' NOT LIKE 'a%', 'a%c' LIKE 'a!%c' ESCAPE '!', 'abc' ILIKE 'A_C', 'abc' NOT ILIKE 'x'
SELECT 'abc' SIMILAR TO '(a|b)%', 'abc' NOT SIMILAR TO '%d', 'a' SIMILAR TO 'a' ESCAPE '!'
SELECT 1 IN (1, 2), 3 NOT IN (1, 2), NOT 3 IN (1, 2), 1 BETWEEN 0 AND 2, 1 NOT BETWEEN SYMMETRIC 2 AND 0
SELECT 1 = ANY (ARRAY[1, 2]), 1 <> ALL ('{2,3}'::int[]), 1 = SOME (SELECT id FROM users), 1 = ANY ((SELECT ARRAY[1]))
SELECT NULL IS NULL, 1 IS NOT NULL, 1 ISNULL, 1 NOTNULL, true IS TRUE, true IS NOT FALSE, NULL IS UNKNOWN
SELECT 1 IS DISTINCT FROM NULL, NULL IS NOT DISTINCT FROM NULL, (1, 2) = (1, 2), ROW(1, NULL) IS NULL
SELECT NOT true AND false, true OR false AND false, NOT 1 = 2, 1 = 1 IS TRUE
SELECT ARRAY[1, 2, 3][2], (ARRAY[1, 2, 3])[2:3], (ARRAY[[1, 2], [3, 4]])[2][1], ARRAY[]::int[], (ARRAY[1,2,3])[:2], ARRAY[[1], [2]] || ARRAY[[3]], ARRAY[ARRAY[1]]
SELECT array(SELECT id FROM users ORDER BY id), array_upper('{1,2}'::int[], 1), cardinality(ARRAY[1, 2])
SELECT '{"a": {"b": [1, 2]}}'::jsonb -> 'a' -> 'b' ->> 0, '{"a": {"b": 1}}'::json #>> '{a,b}', '{"a":1}'::jsonb ? 'a'
SELECT '{"a":1}'::jsonb @> '{}', '[1,2]'::jsonb - 0, '{"a":1}'::jsonb || '{"b":2}', jsonb_build_object('a', 1, 'b', ARRAY[1])
SELECT ARRAY[1, 2] && ARRAY[2], ARRAY[1, 2] @> ARRAY[1], ARRAY[1] <@ ARRAY[1, 2], ARRAY[1] || 2
SELECT * FROM jsonb_to_recordset('[{"a": 1, "b": "x"}]') AS t(a int, b text)
SELECT * FROM jsonb_each_text('{"a": 1, "b": "x"}') AS e(k, v) ORDER BY k
SELECT substring('hello' FROM 2 FOR 3), substring('hello' FROM 2), substring('hello' FOR 2), substring('hello', 2, 3)
SELECT substring('hello' from 'l+'), position('l' IN 'hello'), overlay('abcdef' PLACING 'XX' FROM 2 FOR 3)
SELECT trim('  a '), trim(BOTH 'x' FROM 'xax'), trim(LEADING FROM '  a'), trim(TRAILING 'x' FROM 'axx'), trim('x' FROM 'xax')
SELECT extract(year FROM DATE '2020-02-03'), EXTRACT(EPOCH FROM INTERVAL '1 day'), date_part('dow', DATE '2020-02-03')
SELECT to_char(DATE '2020-02-03', 'YYYY-MM-DD Dy'), to_date('03.02.2020', 'DD.MM.YYYY'), date_trunc('month', DATE '2020-02-03')
SELECT TIMESTAMP '2020-01-01 00:00' AT TIME ZONE 'UTC' AT TIME ZONE 'Asia/Tokyo', CURRENT_DATE = now()::date
SELECT current_user, session_user, current_catalog, current_schema, current_schema(), user, current_role
SELECT CURRENT_TIMESTAMP = now(), current_timestamp(0) <= now() + interval '1 s', localtime IS NOT NULL, LOCALTIMESTAMP(3) IS NULL
SELECT coalesce(NULL, 1), nullif(1, 1), greatest(1, NULL, 2), least(2, 1), concat('a', NULL, 1), concat_ws(',', 'a', NULL)
SELECT CASE id WHEN 1 THEN 'one' WHEN 2 THEN 'two' ELSE 'many' END, CASE WHEN id = 1 THEN 1 END FROM users ORDER BY id
SELECT count(*), count(DISTINCT user_id), sum(total), avg(total), min(id), max(id) FROM orders
SELECT array_agg(name ORDER BY name DESC), string_agg(DISTINCT name, ', ' ORDER BY name), bool_and(id > 0) FROM users
SELECT count(*) FILTER (WHERE total > 1), percentile_cont(0.5) WITHIN GROUP (ORDER BY total) FROM orders
SELECT user_id, sum(total) FROM orders GROUP BY user_id HAVING count(*) > 1 ORDER BY 1 NULLS FIRST
SELECT user_id, id, grouping(user_id, id), count(*) FROM orders GROUP BY GROUPING SETS ((user_id), (id), ()) ORDER BY 1, 2
SELECT user_id, id, count(*) FROM orders GROUP BY ROLLUP (user_id, id) ORDER BY 1, 2
SELECT user_id, id, count(*) FROM orders GROUP BY CUBE (user_id, (id)) ORDER BY 1, 2
SELECT user_id, count(*) FROM orders GROUP BY DISTINCT ROLLUP (user_id), user_id ORDER BY 1
SELECT id, row_number() OVER (ORDER BY id), sum(id) OVER (PARTITION BY user_id ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM orders
SELECT id, first_value(id) OVER w, lag(id, 1, 0) OVER (w ROWS UNBOUNDED PRECEDING) FROM orders WINDOW w AS (ORDER BY id)
SELECT id, sum(id) OVER (ORDER BY id RANGE BETWEEN UNBOUNDED PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW) FROM orders
SELECT DISTINCT user_id FROM orders ORDER BY user_id DESC NULLS LAST
SELECT DISTINCT ON (user_id) user_id, id FROM orders ORDER BY user_id, id DESC
SELECT ALL id FROM users ORDER BY id ASC LIMIT ALL
SELECT id FROM orders ORDER BY id OFFSET 1 ROW FETCH FIRST ROW ONLY
SELECT id FROM orders ORDER BY id OFFSET 1 LIMIT 1
SELECT id FROM orders ORDER BY id FETCH NEXT (1 + 1) ROWS ONLY
SELECT user_id FROM orders ORDER BY user_id FETCH FIRST 1 ROWS WITH TIES
SELECT u.*, o.id FROM users u JOIN orders o ON u.id = o.user_id ORDER BY o.id
SELECT u.name, o.id FROM users AS u LEFT OUTER JOIN orders AS o ON o.user_id = u.id ORDER BY 1, 2
SELECT * FROM users NATURAL JOIN (SELECT 1 AS id) x
SELECT * FROM users u FULL JOIN orders o ON u.id = o.user_id ORDER BY 1, 4
SELECT * FROM users RIGHT JOIN orders USING (id) CROSS JOIN (VALUES (1)) v(x) ORDER BY 1
SELECT * FROM (users u INNER JOIN orders o ON u.id = o.user_id) ORDER BY o.id
SELECT a.id FROM users a, orders b, users c WHERE a.id = b.user_id AND c.id = a.id ORDER BY 1
SELECT u.id, l.n FROM users u, LATERAL (SELECT count(*) AS n FROM orders o WHERE o.user_id = u.id) l ORDER BY 1
SELECT u.id, g FROM users u LEFT JOIN LATERAL generate_series(1, u.id) AS g ON true ORDER BY 1, 2
SELECT * FROM unnest(ARRAY['a', 'b']) WITH ORDINALITY AS t(v, n)
SELECT * FROM ROWS FROM (generate_series(1, 2), unnest(ARRAY['x'])) AS t(a, b)
SELECT * FROM generate_series(1, 10, 3) AS s(i)
SELECT * FROM ONLY users TABLESAMPLE SYSTEM (100) REPEATABLE (1) ORDER BY id
SELECT (x).n FROM (SELECT pg_catalog._pg_expandarray(ARRAY[3, 4])) AS t(x) WHERE false
SELECT (information_schema._pg_expandarray(ARRAY[3, 4])).n
SELECT (u).name, u FROM users u ORDER BY 1
SELECT (u.*)::text FROM users u ORDER BY 1
SELECT EXISTS (SELECT 1 FROM users), NOT EXISTS (SELECT FROM users), (SELECT max(id) FROM users)
SELECT id FROM users WHERE id IN (SELECT user_id FROM orders) AND (id, name) IN ((1, 'Ada'), (2, 'x'))
SELECT id FROM users UNION ALL SELECT id FROM orders UNION SELECT 9 ORDER BY 1
SELECT 1 UNION SELECT 2 INTERSECT SELECT 2 EXCEPT SELECT 1
(SELECT 1 AS a ORDER BY 1 LIMIT 1) UNION ALL (SELECT 2) ORDER BY a DESC LIMIT 1
SELECT 1 EXCEPT ALL (SELECT 2 UNION SELECT 1)
VALUES (1, 'a'), (2, 'b') ORDER BY 1 DESC LIMIT 1
VALUES (1) UNION ALL VALUES (2)
TABLE users
WITH a AS (SELECT 1 AS x), b(y) AS MATERIALIZED (SELECT x + 1 FROM a), c AS NOT MATERIALIZED (TABLE b) SELECT * FROM a, b, c
WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT sum(n) FROM t
WITH v AS (VALUES (1, 'x')) SELECT * FROM v
SELECT 1 AS "select", 2 AS select, 3 "Mixed Case", 4 AS "quo""te", 5 value, 6 name
SELECT u.name AS from, u.id AS order FROM users AS u ORDER BY 2
SELECT count(*) "count(*)", users.id % 2 AS mod FROM users GROUP BY users.id % 2 ORDER BY mod
SELECT format('%s %I', 1, 'a b'), quote_literal('it''s\'), repeat('ab', 2), left('abc', 1), right('abc', 1), replace('a', 'a', 'b')
SELECT make_interval(days => 3), make_date(2020, 2, 3), round(2.5), mod(7, 3), abs(-1), power(2, 3), date('2020-01-01')
SELECT num_nulls(1, NULL), num_nonnulls(VARIADIC ARRAY[1, NULL]), concat_ws(',', VARIADIC ARRAY['a', 'b'])
SELECT int4('5'), text(5), float8('1.5'), timestamptz '2020-01-01', bool('t'), "left"('abc', 2)
SELECT 'pg_class'::regclass, 'pg_class'::regclass::oid, 1259::regclass::text, 'int4'::regtype, to_regclass('nope'), 'now'::regproc::text
SELECT 'b' COLLATE "C" < 'a', 'a' COLLATE pg_catalog."default" = 'a', 'x' < 'y' COLLATE "C"
SELECT (DATE '2020-01-01', DATE '2020-01-10') OVERLAPS (DATE '2020-01-05', INTERVAL '10 days')
SELECT int4range(1, 5) @> 3, int4range(1, 5) -|- int4range(5, 6), '[1,3)'::int4range && int4range(2, 4), tsrange(null, null)
SELECT to_tsvector('english', 'fat cats') @@ to_tsquery('english', 'cat'), '192.168.0.1/24'::inet << '192.168.0.0/16'
SELECT DATE '2020-01-10' - DATE '2020-01-01', DATE '2020-01-01' + 5, TIMESTAMP '2020-01-02' - TIMESTAMP '2020-01-01'
SELECT /* a /* nested */ comment */ 1 -- and another
SELECT	1	AS	tabbed
SELECT 'é' AS ñandú, "ñandú" FROM (SELECT 1 AS ñandú) x WHERE false
SELECT $1::int + 1, coalesce($2, 'x'), $1
SELECT id FROM users WHERE name = $1 AND id > $2 LIMIT $3
SELECT CAST($1 AS text) || $2::varchar(3)
SELECT set_config('application_name', 'x', true), current_setting('search_path')
SHOW search_path
SHOW TIME ZONE
SHOW "DateStyle"
SHOW ALL
SET LOCAL TIME ZONE 'UTC'
SET TIME ZONE -5
SET search_path TO "$user", public
SET extra_float_digits = 3
SET statement_timeout TO '5s'
SET LOCAL application_name TO DEFAULT
SET my.setting = 'x'
SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY
SET TRANSACTION READ ONLY
RESET ALL
RESET search_path
DEALLOCATE ALL
DISCARD PLANS
DECLARE "My Cur" SCROLL CURSOR FOR SELECT id FROM users ORDER BY id
PREPARE p1 (int, numeric(10, 2), text[], "char") AS SELECT $1, $2, $3, $4
EXPLAIN (COSTS OFF) SELECT * FROM users WHERE id = 1
EXPLAIN (COSTS FALSE, FORMAT JSON, VERBOSE) SELECT id FROM users
SAVEPOINT "s p"
LISTEN chan
UNLISTEN *
SELECT nope FROM users
SELECT * FROM nope.nope
SELECT 1 / 0
SELECT 'x'::int
SELECT '{1259}'::oid[], CAST('{pg_class}' AS regclass[]), relname FROM pg_class WHERE oid = ANY('{1259}'::oid[])
