-- A statement, and what Spark is given for it (test_cases.py).  Tables: s.t, s.u, s."Odd".

-- names and literals

SELECT 1;
SELECT 1 AS `?column?`;

SELECT a, b AS "B", count(*), sum(a) AS total FROM s.t GROUP BY a, b;
SELECT `t`.`a`, `t`.`b` AS `B`, count(*) AS `count`, sum(`t`.`a`) AS `total` FROM `s`.`t` GROUP BY `t`.`a`, `t`.`b`;

SELECT 'it''s', 'back\slash', '${spark.app.name}', 1e3, 10000000000, -3, NULL, true;
SELECT 'it\'s' AS `?column?`, 'back\\slash' AS `?column?`, '\u0024{spark.app.name}' AS `?column?`, 1000BD AS `?column?`, 10000000000L AS `?column?`, -3 AS `?column?`, CAST(NULL AS STRING) AS `?column?`, TRUE AS `?column?`;

SELECT "a b" FROM s."Odd";
SELECT `Odd`.`a b` FROM `s`.`Odd`;

SELECT A FROM s.t;
SELECT `t`.`a` FROM `s`.`t`;

SELECT DATE '2020-01-02', TIMESTAMP '2020-01-02 03:04', TIMESTAMPTZ '2020-01-02 13:04+02';
SELECT DATE'2020-01-02' AS `date`, TIMESTAMP_NTZ'2020-01-02 03:04:00' AS `timestamp`, TIMESTAMP_LTZ'2020-01-02 13:04:00+02:00' AS `timestamptz`;

-- integers divide to integers, numerics to eighteen decimals, doubles as they are

SELECT a / 2, b / 2, n / 2, f / 2, a % 2, a ^ 2 FROM s.t;
SELECT CAST(`t`.`a` div 2 AS INT) AS `?column?`, `t`.`b` div 2 AS `?column?`, CAST(`t`.`n` AS DECIMAL(38, 18)) / 2 AS `?column?`, `t`.`f` / CAST(2 AS DOUBLE) AS `?column?`, `t`.`a` % 2 AS `?column?`, power(CAST(`t`.`a` AS DOUBLE), CAST(2 AS DOUBLE)) AS `?column?` FROM `s`.`t`;

SELECT a + b, a * n, n * n, f - n, -a FROM s.t;
SELECT `t`.`a` + `t`.`b` AS `?column?`, `t`.`a` * `t`.`n` AS `?column?`, `t`.`n` * `t`.`n` AS `?column?`, `t`.`f` - CAST(`t`.`n` AS DOUBLE) AS `?column?`, -`t`.`a` AS `?column?` FROM `s`.`t`;

-- casts round, and text is text

SELECT a::text, n::int, f::int, f::numeric(10,2), s::int, d::timestamp, s::varchar(3) FROM s.t;
SELECT CAST(`t`.`a` AS STRING) AS `a`, CAST(round(`t`.`n`) AS INT) AS `n`, CAST(rint(`t`.`f`) AS INT) AS `f`, CAST(format_string('%.15g', CAST(`t`.`f` AS DOUBLE)) AS DECIMAL(10, 2)) AS `f`, CAST(`t`.`s` AS INT) AS `s`, CAST(`t`.`d` AS TIMESTAMP_NTZ) AS `d`, left(`t`.`s`, 3) AS `s` FROM `s`.`t`;

-- text takes the other side's type, as PostgreSQL has it

SELECT a = '5', d > '2020-01-01', s = 'x', ok = 't', n < '1.5', '7' + a FROM s.t;
SELECT `t`.`a` = 5 AS `?column?`, `t`.`d` > DATE'2020-01-01' AS `?column?`, `t`.`s` = 'x' AS `?column?`, `t`.`ok` = TRUE AS `?column?`, `t`.`n` < 1.5BD AS `?column?`, 7 + `t`.`a` AS `?column?` FROM `s`.`t`;

SELECT s || a, s || NULL, concat(s, a, ok), concat_ws('-', s, a) FROM s.t;
SELECT `t`.`s` || CAST(`t`.`a` AS STRING) AS `?column?`, `t`.`s` || CAST(NULL AS STRING) AS `?column?`, concat(coalesce(`t`.`s`, ''), coalesce(CAST(`t`.`a` AS STRING), ''), CASE WHEN `t`.`ok` THEN 't' WHEN NOT `t`.`ok` THEN 'f' ELSE '' END) AS `concat`, concat_ws('-', `t`.`s`, CAST(`t`.`a` AS STRING)) AS `concat_ws` FROM `s`.`t`;

-- NULLs stand where PostgreSQL puts them

SELECT a FROM s.t ORDER BY a, b DESC, s NULLS FIRST, d DESC NULLS LAST;
SELECT `t`.`a` FROM `s`.`t` ORDER BY `t`.`a` NULLS LAST, `t`.`b` DESC NULLS FIRST, `t`.`s` NULLS FIRST, `t`.`d` DESC NULLS LAST;

SELECT a AS x, -a AS a FROM s.t ORDER BY a, -a;
SELECT `t`.`a` AS `x`, -`t`.`a` AS `a` FROM `s`.`t` ORDER BY `a` NULLS LAST, -`t`.`a` NULLS LAST;

SELECT a FROM s.t ORDER BY 1 LIMIT 10 OFFSET 5;
SELECT `t`.`a` FROM `s`.`t` ORDER BY 1 NULLS LAST LIMIT 10 OFFSET 5;

SELECT a FROM s.t FETCH FIRST 3 ROWS ONLY;
SELECT `t`.`a` FROM `s`.`t` LIMIT 3;

SELECT a FROM s.t LIMIT ALL;
SELECT `t`.`a` FROM `s`.`t`;

SELECT row_number() OVER (PARTITION BY a ORDER BY b DESC), sum(b) OVER w FROM s.t WINDOW w AS (ORDER BY a);
SELECT CAST(row_number() OVER (PARTITION BY `t`.`a` ORDER BY `t`.`b` DESC NULLS FIRST) AS BIGINT) AS `row_number`, sum(CAST(`t`.`b` AS DECIMAL(20, 0))) OVER (ORDER BY `t`.`a` NULLS LAST) AS `sum` FROM `s`.`t`;

-- aggregates

SELECT avg(a), avg(f), sum(a), sum(b), sum(n), stddev(a), count(DISTINCT a) FROM s.t;
SELECT CAST(sum(`t`.`a`) AS DECIMAL(38, 18)) / count(`t`.`a`) AS `avg`, avg(`t`.`f`) AS `avg`, sum(`t`.`a`) AS `sum`, sum(CAST(`t`.`b` AS DECIMAL(20, 0))) AS `sum`, sum(`t`.`n`) AS `sum`, stddev_samp(CAST(`t`.`a` AS DOUBLE)) AS `stddev`, count(DISTINCT `t`.`a`) AS `count` FROM `s`.`t`;

SELECT sum(a) FILTER (WHERE ok), count(*) FILTER (WHERE ok) OVER (ORDER BY a) FROM s.t;
SELECT sum(`t`.`a`) FILTER (WHERE `t`.`ok`) AS `sum`, count(CASE WHEN `t`.`ok` THEN 1 END) OVER (ORDER BY `t`.`a` NULLS LAST) AS `count` FROM `s`.`t`;

SELECT string_agg(s, ', ' ORDER BY a DESC), array_agg(a ORDER BY b), array_agg(a) FROM s.t;
SELECT listagg(`t`.`s`, ', ') WITHIN GROUP (ORDER BY `t`.`a` DESC NULLS FIRST) AS `string_agg`, CASE WHEN count(*) > 0 THEN transform(sort_array(collect_list(named_struct('n0', `t`.`b` IS NULL, 'k0', `t`.`b`, 'v', `t`.`a`)), true), item -> item.v) END AS `array_agg`, CASE WHEN count(*) > 0 THEN transform(collect_list(named_struct('v', `t`.`a`)), item -> item.v) END AS `array_agg` FROM `s`.`t`;

SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a), mode() WITHIN GROUP (ORDER BY s) FROM s.t;
SELECT percentile_cont(CAST(0.5BD AS DOUBLE)) WITHIN GROUP (ORDER BY CAST(`t`.`a` AS DOUBLE)) AS `percentile_cont`, mode() WITHIN GROUP (ORDER BY `t`.`s`) AS `mode` FROM `s`.`t`;

SELECT a, sum(b), grouping(a) FROM s.t GROUP BY ROLLUP (a);
SELECT `t`.`a`, sum(CAST(`t`.`b` AS DECIMAL(20, 0))) AS `sum`, CAST(grouping(`t`.`a`) AS INT) AS `grouping` FROM `s`.`t` GROUP BY ROLLUP (`t`.`a`);

SELECT count(*) FROM s.t GROUP BY ();
SELECT count(*) AS `count` FROM `s`.`t` GROUP BY GROUPING SETS (());

SELECT sum(b) AS b FROM s.t GROUP BY a HAVING max(b) > 1;
SELECT sum(CAST(`t`.`b` AS DECIMAL(20, 0))) AS `b` FROM `s`.`t` GROUP BY `t`.`a` HAVING max(`t`.`b`) > 1;

-- patterns

SELECT s LIKE 'a%', s NOT LIKE '50!%%' ESCAPE '!', s ILIKE 'x_', s LIKE 'a\b%' FROM s.t;
SELECT `t`.`s` LIKE 'a%' AS `?column?`, `t`.`s` NOT LIKE '50\\%%' AS `?column?`, `t`.`s` ILIKE 'x_' AS `?column?`, `t`.`s` LIKE 'ab%' AS `?column?` FROM `s`.`t`;

SELECT s ~ '^\d+$', s ~* 'a|b', s !~ '[[:alpha:]]' FROM s.t;
SELECT `t`.`s` RLIKE '(?s)\\A[\\p{Nd}]+\\z' AS `?column?`, `t`.`s` RLIKE '(?isu)a|b' AS `?column?`, NOT (`t`.`s` RLIKE '(?s)[\\p{IsAlphabetic}]') AS `?column?` FROM `s`.`t`;

SELECT regexp_replace(s, 'a(.)', '<\1>'), regexp_replace(s, '\s+', ' ', 'g'), substring(s from '[0-9]+') FROM s.t;
SELECT regexp_replace(`t`.`s`, '(?s)\\A(.*?)(a(.))', '$1<$3>') AS `regexp_replace`, regexp_replace(`t`.`s`, '(?s)[\\p{IsWhite_Space}]+', ' ') AS `regexp_replace`, regexp_substr(`t`.`s`, '(?s)[0-9]+') AS `substring` FROM `s`.`t`;

-- text functions

SELECT substr(s, 0, 3), substr(s, 2), left(s, 2), left(s, -2), trim(s), ltrim(s, 'x'), length(s), split_part(s, ',', 2) FROM s.t;
SELECT substring(`t`.`s`, 1, 2) AS `substr`, substring(`t`.`s`, 2) AS `substr`, left(`t`.`s`, 2) AS `left`, left(`t`.`s`, CASE WHEN (-2) < 0 THEN char_length(`t`.`s`) + (-2) ELSE -2 END) AS `left`, trim(BOTH ' ' FROM `t`.`s`) AS `btrim`, trim(LEADING 'x' FROM `t`.`s`) AS `ltrim`, char_length(`t`.`s`) AS `length`, split_part(`t`.`s`, ',', 2) AS `split_part` FROM `s`.`t`;

-- dates

SELECT d + 1, d - d, d + interval '1 month', ts + interval '1 month 2 days 03:00', tz - ts, ts - ts FROM s.t;
SELECT date_add(`t`.`d`, 1) AS `?column?`, datediff(`t`.`d`, `t`.`d`) AS `?column?`, CAST(`t`.`d` AS TIMESTAMP_NTZ) + INTERVAL '1' MONTH AS `?column?`, `t`.`ts` + INTERVAL '1' MONTH + INTERVAL '2 03:00:00' DAY TO SECOND AS `?column?`, timestampadd(MICROSECOND, unix_micros(`t`.`tz`), TIMESTAMP_NTZ'1970-01-01 00:00:00') - timestampadd(MICROSECOND, unix_micros(CASE WHEN CAST(CAST(`t`.`ts` AS TIMESTAMP_LTZ) + INTERVAL '1' HOUR AS TIMESTAMP_NTZ) = `t`.`ts` THEN CAST(`t`.`ts` AS TIMESTAMP_LTZ) + INTERVAL '1' HOUR ELSE CAST(`t`.`ts` AS TIMESTAMP_LTZ) END), TIMESTAMP_NTZ'1970-01-01 00:00:00') AS `?column?`, `t`.`ts` - `t`.`ts` AS `?column?` FROM `s`.`t`;

SELECT now() - interval '7 days', tz + interval '2 hours' FROM s.t;
SELECT CASE WHEN CAST(CAST(CAST(current_timestamp() AS TIMESTAMP_NTZ) - INTERVAL '7' DAY AS TIMESTAMP_LTZ) + INTERVAL '1' HOUR AS TIMESTAMP_NTZ) = (CAST(current_timestamp() AS TIMESTAMP_NTZ) - INTERVAL '7' DAY) THEN CAST(CAST(current_timestamp() AS TIMESTAMP_NTZ) - INTERVAL '7' DAY AS TIMESTAMP_LTZ) + INTERVAL '1' HOUR ELSE CAST(CAST(current_timestamp() AS TIMESTAMP_NTZ) - INTERVAL '7' DAY AS TIMESTAMP_LTZ) END AS `?column?`, `t`.`tz` + INTERVAL '0 02:00:00' DAY TO SECOND AS `?column?` FROM `s`.`t`;

SELECT date_trunc('month', d), date_trunc('month', ts), date_trunc('hour', ts), date_trunc('day', tz) FROM s.t;
SELECT date_trunc('MONTH', CAST(`t`.`d` AS TIMESTAMP_LTZ)) AS `date_trunc`, CAST(trunc(CAST(`t`.`ts` AS DATE), 'MONTH') AS TIMESTAMP_NTZ) AS `date_trunc`, `t`.`ts` - make_dt_interval(0, 0, minute(`t`.`ts`), EXTRACT(SECOND FROM `t`.`ts`)) AS `date_trunc`, date_trunc('DAY', `t`.`tz`) AS `date_trunc` FROM `s`.`t`;

SELECT extract(year from d), extract(dow from d), extract(epoch from ts), date_part('hour', tz) FROM s.t;
SELECT CAST(year(`t`.`d`) AS DECIMAL(10, 0)) AS `extract`, CAST(dayofweek(`t`.`d`) - 1 AS DECIMAL(10, 0)) AS `extract`, CAST(CAST(`t`.`ts` - TIMESTAMP_NTZ'1970-01-01 00:00:00' AS INTERVAL SECOND) AS DECIMAL(20, 6)) AS `extract`, CAST(CAST(hour(`t`.`tz`) AS DECIMAL(10, 0)) AS DOUBLE) AS `date_part` FROM `s`.`t`;

SELECT tz AT TIME ZONE 'UTC', ts AT TIME ZONE 'UTC' FROM s.t;
SELECT timestampadd(MICROSECOND, unix_micros(`t`.`tz`), TIMESTAMP_NTZ'1970-01-01 00:00:00') AS `timezone`, timestamp_micros(CAST(CAST(CAST(`t`.`ts` - TIMESTAMP_NTZ'1970-01-01 00:00:00' AS INTERVAL SECOND) AS DECIMAL(20, 6)) * 1000000 AS BIGINT)) AS `timezone` FROM `s`.`t`;

-- FROM

SELECT t.a, u.name FROM s.t LEFT JOIN s.u AS u ON t.id = u.id, s.u AS v;
SELECT `t`.`a`, `u`.`name` FROM `s`.`t` LEFT JOIN `s`.`u` AS `u` ON `t`.`id` = `u`.`id`, `s`.`u` AS `v`;

SELECT id, a FROM s.t JOIN s.u USING (id, a);
SELECT `id` AS `id`, `a` AS `a` FROM `s`.`t` JOIN `s`.`u` USING (`id`, `a`);

SELECT * FROM (VALUES (1, 'a'), (2.5, NULL)) AS v(n, s);
SELECT * FROM (VALUES (1, 'a'), (2.5BD, CAST(NULL AS STRING))) AS `v`(`n`, `s`);

VALUES (1, 'a'), (2, 'b');
SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS `values`(`column1`, `column2`);

SELECT * FROM generate_series(1, 10, 3) AS g(i);
SELECT * FROM (SELECT CAST(`id` AS INT) FROM range(1, 11, 3)) AS `g`(`i`);

SELECT t.id, g FROM s.t, generate_series(1, t.a) g;
SELECT `t`.`id`, `g`.`g` FROM `s`.`t`, LATERAL (SELECT explode(CASE WHEN 1 <= `t`.`a` THEN sequence(1, `t`.`a`, 1) ELSE CAST(array() AS ARRAY<INT>) END)) AS `g`(`g`);

SELECT x, place FROM s.t, unnest(arr) WITH ORDINALITY AS u(x, place);
SELECT `u`.`x`, `u`.`place` FROM `s`.`t`, LATERAL (SELECT `e`.`item`, CAST(`e`.`position` + 1 AS BIGINT) FROM (SELECT posexplode(`t`.`arr`) AS (`position`, `item`)) AS `e`) AS `u`(`x`, `place`);

SELECT x FROM (SELECT a, b FROM s.t) AS q(x);
SELECT `q`.`x` FROM (SELECT `t`.`a`, `t`.`b` FROM `s`.`t`) AS `q`(`x`, `b`);

SELECT u.name, l.a FROM s.u CROSS JOIN LATERAL (SELECT a FROM s.t WHERE t.id = u.id ORDER BY a LIMIT 1) AS l;
SELECT `u`.`name`, `l`.`a` FROM `s`.`u` CROSS JOIN LATERAL (SELECT `t`.`a` FROM `s`.`t` WHERE `t`.`id` = `u`.`id` ORDER BY `t`.`a` NULLS LAST LIMIT 1) AS `l`;

-- queries in queries

WITH q(x) AS (SELECT a FROM s.t) SELECT x FROM q WHERE x > 1;
WITH `q`(`x`) AS (SELECT `t`.`a` FROM `s`.`t`) SELECT `q`.`x` FROM `q` WHERE `q`.`x` > 1;

WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT n FROM r;
WITH RECURSIVE `r`(`n`) AS ((SELECT 1 AS `?column?`) UNION ALL (SELECT `r`.`n` + 1 AS `?column?` FROM `r` WHERE `r`.`n` < 5)) SELECT `r`.`n` FROM `r`;

SELECT a FROM s.t UNION ALL SELECT n FROM s.t ORDER BY a DESC;
(SELECT `t`.`a` FROM `s`.`t`) UNION ALL (SELECT `t`.`n` FROM `s`.`t`) ORDER BY 1 DESC NULLS FIRST;

SELECT 1 UNION SELECT 2 EXCEPT SELECT 3;
((SELECT 1 AS `?column?`) UNION (SELECT 2 AS `?column?`)) EXCEPT (SELECT 3 AS `?column?`);

SELECT DISTINCT ON (a) a, b FROM s.t ORDER BY a, b DESC;
SELECT `d`.`c0` AS `a`, `d`.`c1` AS `b` FROM (SELECT `t`.`a` AS `c0`, `t`.`b` AS `c1`, `t`.`a` AS `o0`, `t`.`b` AS `o1`, row_number() OVER (PARTITION BY `t`.`a` ORDER BY `t`.`a` NULLS LAST, `t`.`b` DESC NULLS FIRST) AS `row` FROM `s`.`t`) AS `d` WHERE `d`.`row` = 1 ORDER BY `d`.`o0` NULLS LAST, `d`.`o1` DESC NULLS FIRST;

SELECT a FROM s.t WHERE a IN (SELECT id FROM s.u) AND a <> ALL (ARRAY[1, 2]) AND EXISTS (SELECT 1 FROM s.u WHERE u.id = t.a);
SELECT `t`.`a` FROM `s`.`t` WHERE (`t`.`a` IN (SELECT `u`.`id` FROM `s`.`u`)) AND (`t`.`a` NOT IN (1, 2)) AND EXISTS (SELECT 1 AS `?column?` FROM `s`.`u` WHERE `u`.`id` = `t`.`a`);

SELECT (a, b) = (1, 2), (a, b) < (1, 2), (a, b) IN ((1, 2), (3, 4)) FROM s.t;
SELECT (`t`.`a` = 1) AND (`t`.`b` = 2) AS `?column?`, (`t`.`a` < 1) OR ((`t`.`a` = 1) AND (`t`.`b` < 2)) AS `?column?`, ((`t`.`a` = 1) AND (`t`.`b` = 2)) OR ((`t`.`a` = 3) AND (`t`.`b` = 4)) AS `?column?` FROM `s`.`t`;

SELECT arr[1], array_length(arr, 1), 5 = ANY (arr), ARRAY[1, 2] FROM s.t;
SELECT get(`t`.`arr`, 0) AS `arr`, nullif(array_size(`t`.`arr`), 0) AS `array_length`, CASE WHEN array_size(`t`.`arr`) = 0 THEN FALSE ELSE array_contains(`t`.`arr`, 5) END AS `?column?`, array(1, 2) AS `array` FROM `s`.`t`;

SELECT '{a b, null, "NULL", "", "x,y", "q\"q\\"}'::text[], '{}'::int[], ARRAY[]::int[];
SELECT array('a b', CAST(NULL AS STRING), 'NULL', '', 'x,y', 'q"q\\') AS `text`, CAST(array() AS ARRAY<INT>) AS `int4`, CAST(array() AS ARRAY<INT>) AS `array`;

SELECT CASE WHEN a > 1 THEN 'x' END, coalesce(a, 0), nullif(s, ''), greatest(a, b), a IS DISTINCT FROM b FROM s.t;
SELECT CASE WHEN `t`.`a` > 1 THEN 'x' END AS `case`, coalesce(`t`.`a`, 0) AS `coalesce`, CASE WHEN `t`.`s` = '' THEN NULL ELSE `t`.`s` END AS `nullif`, greatest(`t`.`a`, `t`.`b`) AS `greatest`, NOT (`t`.`a` <=> `t`.`b`) AS `?column?` FROM `s`.`t`;

