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


-- a zone of its own, an age in months

SELECT date_trunc('day', tz, 'Asia/Tokyo'), timezone('UTC', tz) FROM s.t;
SELECT CASE WHEN convert_timezone('UTC', 'Asia/Tokyo', (convert_timezone('Asia/Tokyo', 'UTC', CAST(CAST(convert_timezone('UTC', 'Asia/Tokyo', timestampadd(MICROSECOND, unix_micros(`t`.`tz`), TIMESTAMP_NTZ'1970-01-01 00:00:00')) AS DATE) AS TIMESTAMP_NTZ)) + INTERVAL '1' HOUR)) = CAST(CAST(convert_timezone('UTC', 'Asia/Tokyo', timestampadd(MICROSECOND, unix_micros(`t`.`tz`), TIMESTAMP_NTZ'1970-01-01 00:00:00')) AS DATE) AS TIMESTAMP_NTZ) THEN timestamp_micros(CAST(CAST(CAST((convert_timezone('Asia/Tokyo', 'UTC', CAST(CAST(convert_timezone('UTC', 'Asia/Tokyo', timestampadd(MICROSECOND, unix_micros(`t`.`tz`), TIMESTAMP_NTZ'1970-01-01 00:00:00')) AS DATE) AS TIMESTAMP_NTZ)) + INTERVAL '1' HOUR) - TIMESTAMP_NTZ'1970-01-01 00:00:00' AS INTERVAL SECOND) AS DECIMAL(20, 6)) * 1000000 AS BIGINT)) ELSE timestamp_micros(CAST(CAST(CAST(convert_timezone('Asia/Tokyo', 'UTC', CAST(CAST(convert_timezone('UTC', 'Asia/Tokyo', timestampadd(MICROSECOND, unix_micros(`t`.`tz`), TIMESTAMP_NTZ'1970-01-01 00:00:00')) AS DATE) AS TIMESTAMP_NTZ)) - TIMESTAMP_NTZ'1970-01-01 00:00:00' AS INTERVAL SECOND) AS DECIMAL(20, 6)) * 1000000 AS BIGINT)) END AS `date_trunc`, timestampadd(MICROSECOND, unix_micros(`t`.`tz`), TIMESTAMP_NTZ'1970-01-01 00:00:00') AS `timezone` FROM `s`.`t`;

SELECT extract(year FROM age(d, '2020-01-01'::date)) FROM s.t;
SELECT CAST((CASE WHEN CAST(`t`.`d` AS TIMESTAMP_NTZ) >= CAST(DATE'2020-01-01' AS TIMESTAMP_NTZ) THEN (year(CAST(`t`.`d` AS TIMESTAMP_NTZ)) - year(CAST(DATE'2020-01-01' AS TIMESTAMP_NTZ))) * 12 + month(CAST(`t`.`d` AS TIMESTAMP_NTZ)) - month(CAST(DATE'2020-01-01' AS TIMESTAMP_NTZ)) - CASE WHEN (CAST(`t`.`d` AS TIMESTAMP_NTZ) - CAST(trunc(CAST(CAST(`t`.`d` AS TIMESTAMP_NTZ) AS DATE), 'MONTH') AS TIMESTAMP_NTZ)) < (CAST(DATE'2020-01-01' AS TIMESTAMP_NTZ) - CAST(trunc(CAST(CAST(DATE'2020-01-01' AS TIMESTAMP_NTZ) AS DATE), 'MONTH') AS TIMESTAMP_NTZ)) THEN 1 ELSE 0 END ELSE -((year(CAST(DATE'2020-01-01' AS TIMESTAMP_NTZ)) - year(CAST(`t`.`d` AS TIMESTAMP_NTZ))) * 12 + month(CAST(DATE'2020-01-01' AS TIMESTAMP_NTZ)) - month(CAST(`t`.`d` AS TIMESTAMP_NTZ)) - CASE WHEN (CAST(DATE'2020-01-01' AS TIMESTAMP_NTZ) - CAST(trunc(CAST(CAST(DATE'2020-01-01' AS TIMESTAMP_NTZ) AS DATE), 'MONTH') AS TIMESTAMP_NTZ)) < (CAST(`t`.`d` AS TIMESTAMP_NTZ) - CAST(trunc(CAST(CAST(`t`.`d` AS TIMESTAMP_NTZ) AS DATE), 'MONTH') AS TIMESTAMP_NTZ)) THEN 1 ELSE 0 END) END) div 12 AS DECIMAL(10, 0)) AS `extract` FROM `s`.`t`;

-- intervals by a number that is no integer

SELECT ts + INTERVAL '5 min' * f, ts - INTERVAL '1 day' / 2, date_trunc('month', ts) + '1 month - 1 day', INTERVAL 'P1DT2H' FROM s.t;
SELECT `t`.`ts` + (INTERVAL '0 00:05:00' DAY TO SECOND * `t`.`f`) AS `?column?`, `t`.`ts` - INTERVAL '0 12:00:00' DAY TO SECOND AS `?column?`, CAST(trunc(CAST(`t`.`ts` AS DATE), 'MONTH') AS TIMESTAMP_NTZ) + INTERVAL '1' MONTH + INTERVAL '-1' DAY AS `?column?`, INTERVAL '1 02:00:00' DAY TO SECOND AS `interval` FROM `s`.`t`;

-- rows, arrays and patterns of several

SELECT (a, b) IS NOT NULL, (a, s) IS DISTINCT FROM (1, 'x'), count(DISTINCT (a, b)) FROM s.t;
SELECT `t`.`a` IS NOT NULL AND `t`.`b` IS NOT NULL AS `?column?`, NOT (`t`.`a` <=> 1 AND `t`.`s` <=> 'x') AS `?column?`, count(DISTINCT struct(`t`.`a`, `t`.`b`)) AS `count` FROM `s`.`t`;

SELECT s LIKE ANY (ARRAY['a%', 'b%']), s NOT ILIKE ALL ('{x,y}'), s LIKE 'a\%' ESCAPE '', a > ALL (arr), a < ANY (ARRAY[1, 2]) FROM s.t;
SELECT (`t`.`s` LIKE 'a%') OR (`t`.`s` LIKE 'b%') AS `?column?`, (`t`.`s` NOT ILIKE 'x') AND (`t`.`s` NOT ILIKE 'y') AS `?column?`, `t`.`s` LIKE 'a\\\\%' AS `?column?`, forall(`t`.`arr`, item -> `t`.`a` > item) AS `?column?`, (`t`.`a` < 1) OR (`t`.`a` < 2) AS `?column?` FROM `s`.`t`;

SELECT arr || 9, arr @> ARRAY[1], arr && '{2}', array_remove(arr, 1), array_to_string(arr, ',', '*'), string_to_array(s, '.'), regexp_match(s, '(a)b') FROM s.t;
SELECT concat(coalesce(`t`.`arr`, CAST(array() AS ARRAY<INT>)), array(9)) AS `?column?`, CASE WHEN `t`.`arr` IS NOT NULL THEN forall(array(1), item -> item IS NOT NULL AND array_contains(array_compact(`t`.`arr`), item)) END AS `?column?`, arrays_overlap(array_compact(`t`.`arr`), array_compact(array(2))) AS `?column?`, filter(`t`.`arr`, item -> NOT (item <=> 1)) AS `array_remove`, array_join(transform(`t`.`arr`, item -> CAST(item AS STRING)), ',', '*') AS `array_to_string`, CASE WHEN `t`.`s` = '' THEN CAST(array() AS ARRAY<STRING>) ELSE split(`t`.`s`, '\\.', -1) END AS `string_to_array`, CASE WHEN `t`.`s` RLIKE '(?s)(a)b' THEN array(regexp_extract(`t`.`s`, '(?s)(a)b', 1)) END AS `regexp_match` FROM `s`.`t`;

-- windows and sorted lists

SELECT a FROM s.t GROUP BY a ORDER BY rank() OVER (ORDER BY count(*)), a LIMIT 2;
SELECT `q`.`c0` AS `a` FROM (SELECT `t`.`a` AS `c0`, CAST(rank() OVER (ORDER BY count(*) NULLS LAST) AS BIGINT) AS `o0`, `t`.`a` AS `o1` FROM `s`.`t` GROUP BY `t`.`a`) AS `q` ORDER BY `q`.`o0` NULLS LAST, `q`.`o1` NULLS LAST LIMIT 2;

SELECT sum(a) OVER (ORDER BY b RANGE BETWEEN 2 PRECEDING AND CURRENT ROW), sum(a) OVER (ORDER BY d RANGE '30 days'::interval PRECEDING), string_agg(s, ',') OVER (ORDER BY a) FROM s.t;
SELECT sum(`t`.`a`) OVER (ORDER BY `t`.`b` NULLS LAST RANGE BETWEEN 2 PRECEDING AND CURRENT ROW) AS `sum`, sum(`t`.`a`) OVER (ORDER BY `t`.`d` NULLS LAST RANGE BETWEEN 30 PRECEDING AND CURRENT ROW) AS `sum`, CASE WHEN count(`t`.`s`) OVER (ORDER BY `t`.`a` NULLS LAST) > 0 THEN array_join(collect_list(`t`.`s`) OVER (ORDER BY `t`.`a` NULLS LAST), ',') END AS `string_agg` FROM `s`.`t`;

SELECT array_agg(a ORDER BY b DESC, s) FROM s.t;
SELECT CASE WHEN count(*) > 0 THEN transform(array_sort(collect_list(named_struct('k1', `t`.`s`, 'k0', `t`.`b`, 'v', `t`.`a`)), (l, r) -> CASE WHEN l.k0 <=> r.k0 THEN CASE WHEN l.k1 <=> r.k1 THEN 0 WHEN l.k1 IS NULL THEN 1 WHEN r.k1 IS NULL THEN -1 WHEN l.k1 < r.k1 THEN -1 ELSE 1 END WHEN l.k0 IS NULL THEN -1 WHEN r.k0 IS NULL THEN 1 WHEN l.k0 < r.k0 THEN 1 ELSE -1 END), item -> item.v) END AS `array_agg` FROM `s`.`t`;

SELECT v.x FROM s.t CROSS JOIN LATERAL (VALUES (t.a), (t.b)) v(x);
SELECT `v`.`x` FROM `s`.`t` CROSS JOIN LATERAL (SELECT inline(array(named_struct('f0', `t`.`a`), named_struct('f0', `t`.`b`)))) AS `v`(`x`);

-- text

SELECT initcap(s), format('%s: %s%%', s, a), to_hex(a), encode(sha256(convert_to(s, 'UTF8')), 'hex'), s ^@ 'x', s ~ '\mfoo\M', s ~ '(?i)a(?!b)' FROM s.t;
SELECT CASE WHEN `t`.`s` RLIKE '[Ǆ-ǌǱ-ǳßŉǰΐΰևẖ-ẚὐ-῿ﬀ-ﬗ]' THEN raise_error('[0A000] initcap of this letter is not supported on Spark') ELSE array_join(transform(regexp_extract_all(lower(`t`.`s`), '[\\p{IsAlphabetic}\\p{Nd}]+|[^\\p{IsAlphabetic}\\p{Nd}]+', 0), item -> concat(upper(left(item, 1)), substring(item, 2))), '') END AS `initcap`, concat(coalesce(`t`.`s`, ''), ': ', coalesce(CAST(`t`.`a` AS STRING), ''), '%') AS `format`, lower(hex(CAST(`t`.`a` AS BIGINT) & 4294967295L)) AS `to_hex`, lower(hex(unhex(sha2(encode(`t`.`s`, 'UTF-8'), 256)))) AS `encode`, startswith(`t`.`s`, 'x') AS `?column?`, `t`.`s` RLIKE '(?s)(?<![\\p{IsAlphabetic}\\p{Nd}_])(?=[\\p{IsAlphabetic}\\p{Nd}_])foo(?<=[\\p{IsAlphabetic}\\p{Nd}_])(?![\\p{IsAlphabetic}\\p{Nd}_])' AS `?column?`, `t`.`s` RLIKE '(?isu)a(?!b)' AS `?column?` FROM `s`.`t`;

SELECT to_char(n, 'FM999,990.00'), to_char(a, '0000'), a << 2, trunc(n, -1), num_nulls(a, b), date(s) FROM s.t;
SELECT concat(CASE WHEN length(substring_index(CAST(CAST(abs(round(CAST(`t`.`n` AS DECIMAL(38, 2)), 2)) AS DECIMAL(38, 2)) AS STRING), '.', 1)) > 6 THEN concat(CASE WHEN round(CAST(`t`.`n` AS DECIMAL(38, 2)), 2) < 0 THEN '-' ELSE '' END, '###,###.##') ELSE concat(concat(CASE WHEN round(CAST(`t`.`n` AS DECIMAL(38, 2)), 2) < 0 THEN '-' ELSE '' END, regexp_replace(lpad(substring_index(CAST(CAST(abs(round(CAST(`t`.`n` AS DECIMAL(38, 2)), 2)) AS DECIMAL(38, 2)) AS STRING), '.', 1), greatest(1, length(substring_index(CAST(CAST(abs(round(CAST(`t`.`n` AS DECIMAL(38, 2)), 2)) AS DECIMAL(38, 2)) AS STRING), '.', 1))), '0'), '(?<=[0-9])(?=([0-9]{3})+$)', ',')), '.', right(CAST(CAST(abs(round(CAST(`t`.`n` AS DECIMAL(38, 2)), 2)) AS DECIMAL(38, 2)) AS STRING), 2)) END) AS `to_char`, concat(CASE WHEN length(CAST(CAST(abs(round(CAST(`t`.`a` AS DECIMAL(38, 0)), 0)) AS DECIMAL(38, 0)) AS STRING)) > 4 THEN concat(CASE WHEN round(CAST(`t`.`a` AS DECIMAL(38, 0)), 0) < 0 THEN '-' ELSE ' ' END, '####') ELSE concat(lpad(concat(CASE WHEN round(CAST(`t`.`a` AS DECIMAL(38, 0)), 0) < 0 THEN '-' ELSE '' END, lpad(CAST(CAST(abs(round(CAST(`t`.`a` AS DECIMAL(38, 0)), 0)) AS DECIMAL(38, 0)) AS STRING), greatest(4, length(CAST(CAST(abs(round(CAST(`t`.`a` AS DECIMAL(38, 0)), 0)) AS DECIMAL(38, 0)) AS STRING))), '0')), 5, ' ')) END) AS `to_char`, shiftleft(`t`.`a`, 2) AS `?column?`, CASE WHEN `t`.`n` < 0 THEN ceil(`t`.`n`, -1) ELSE floor(`t`.`n`, -1) END AS `trunc`, CAST(`t`.`a` IS NULL AS INT) + CAST(`t`.`b` IS NULL AS INT) AS `num_nulls`, CASE WHEN NOT `t`.`s` RLIKE '\\A\\s*\\d{4}-\\d{1,2}-\\d{1,2}([T ]\\d{1,2}:\\d{2}(:\\d{2}(\\.\\d{1,6})?)?\\s*(Z|[+-]\\d{2}(:\\d{2})?)?)?\\s*\\z' THEN raise_error('[22007] invalid input syntax for type date') ELSE CAST(`t`.`s` AS DATE) END AS `date` FROM `s`.`t`;
