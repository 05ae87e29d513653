-- Statements that must give the same rows on PostgreSQL and, translated, on Spark: tests/engine/test_dialect_oracle.py.
-- One a line; extend freely.  "error" before a statement: PostgreSQL refuses it, so must we or Spark.

-- constants and names
SELECT 1
SELECT 1, 2.50, 'x', NULL, true, -3, 1e3, .5, 10000000000, 123456789012345678901234567890
SELECT 'it''s', 'back\slash', E'tab\there', $$dollar 'quoted'$$, E'new\nline'
SELECT '${spark.app.name}' AS v, 'a"b' AS w, '%_' AS x
SELECT DATE '2020-01-02', TIMESTAMP '2020-01-02 03:04:05.678', TIMESTAMPTZ '2020-01-02 03:04:05+02'
SELECT '7'::int + 1, '1.50'::numeric, '2020-02-30' < 'x', 'yes'::bool, 't'::bool, '1e2'::float8
SELECT count(*), sum(i4), max(i4) AS "Max", 1 + 1, i4::text FROM d.numbers GROUP BY i4::text ORDER BY 5
SELECT upper(s), lower(s) AS lo, s || '!', coalesce(s, 'none'), CASE WHEN id > 3 THEN s END, CASE WHEN id > 3 THEN 1 ELSE id END FROM d.words
SELECT "Id", "CamelCase", "order", "a b" FROM d."Mixed" ORDER BY "order"
SELECT m."Id" AS "My Id", m."order" + 1 AS "select" FROM d."Mixed" AS m
SELECT ID AS Foo, ID AS "Foo" FROM d.numbers WHERE Id = 1
SELECT (SELECT max(id) FROM d.words), (SELECT 1), EXISTS (SELECT 1 FROM d.words WHERE id > 100), NOT true
SELECT nullif(1, 1), greatest(1, 2), least(1, 2), now() IS NULL, current_date IS NULL
SELECT * FROM d.numbers WHERE id < 3
SELECT n.*, n.id FROM d.numbers n WHERE n.id = 1
SELECT id::int4, id::int8, (id), -id FROM d.numbers WHERE id < 3

-- arithmetic
SELECT id, i4 / 2, i4 % 2, -i4 / 2, i4 / -2, i4 % -2 FROM d.numbers WHERE id IN (1, 2, 3, 4, 5)
SELECT id, i2 + 1::int2, i2 * 2, i8 - 1, i8 / 2, i2 / 3 FROM d.numbers WHERE id < 6
SELECT id, i4 + i8, i4 * 1.5, n + 1, n * 2, n / 3, n % 2 FROM d.numbers WHERE id < 6
SELECT id, f8 * 2, f8 + i4, f8 / 3, f8 - n, f4 * 2, f4 + f8 FROM d.numbers WHERE id < 6 OR id > 8
SELECT id, n / n, k / n, k * n, k + n, k - n, k * k FROM d.numbers WHERE id IN (1, 2, 3, 8, 9, 10)
SELECT id, 100.0 * i4 / 3, round(100.0 * i4 / 3, 2), i4 / 3.0, 1 / 8.0, 1.0 / 3 FROM d.numbers WHERE id < 6
SELECT 7 / 2, -7 / 2, 7 % 3, -7 % 3, 7.5 / 2, 7 / 2.0, 2 ^ 3, 2 ^ 0.5, 2.5 ^ 2, 7 & 3, 7 | 8, 7 # 2, ~7
SELECT id, i4 ^ 2, abs(i4), sign(i4), sign(n), mod(i4, 3), power(i4, 2), sqrt(abs(i4)) FROM d.numbers WHERE id < 6
SELECT id, i4 & 3, i4 | 8, i4 # 5, ~i4, i8 & 255 FROM d.numbers WHERE id < 6
SELECT id, abs(n), abs(f8), abs(i8), abs(i2) FROM d.numbers WHERE id < 6
SELECT id, ceil(n), floor(n), ceil(f8), floor(f8), ceiling(n), ceil(i4), floor(i4) FROM d.numbers
SELECT id, round(n), round(n, 1), round(f8), round(i4), round(n, 4), round(n, -1), round(i4, -1) FROM d.numbers
SELECT id, trunc(n), trunc(n, 1), trunc(f8), trunc(i4), trunc(k, 2) FROM d.numbers
SELECT id, round(avg_n, 2) FROM (SELECT id, n / 3 AS avg_n FROM d.numbers) x
SELECT id, f8::numeric, round(f8::numeric, 1), round((f8 * 3)::numeric, 3) FROM d.numbers WHERE abs(f8) < 1e10
SELECT id, f8::int, n::int, k::numeric(10,1), i4::numeric, n::float8, f4::float8, i4::float4 FROM d.numbers WHERE id IN (1,2,3,4,5,8,9,10)
SELECT 0.5::float8::int, 1.5::float8::int, 2.5::float8::int, 0.5::int, 1.5::int, 2.5::int, -2.5::int, (-2.5)::int
SELECT ln(2), ln(2.0), log(100), log(2, 8), exp(1), exp(1.0), log10(1000), cbrt(27), pi()
SELECT sin(1), cos(1), tan(1), asin(1), acos(1), atan(1), atan2(1, 2), degrees(pi()), radians(180), cot(1), sinh(1), cosh(1), tanh(1)
SELECT id, div(n, 1), div(i4, 2), mod(n, 1), n % 0.3 FROM d.numbers WHERE id < 6
SELECT width_bucket(5.35, 0.024, 10.06, 5), width_bucket(i4, 0, 10, 3) FROM d.numbers WHERE id < 5
SELECT sum(i4) / count(*), sum(i8) / 2, sum(i4) / 2, avg(i4) / 2, count(*) / 2 FROM d.numbers WHERE id < 6
error SELECT 1 / 0
error SELECT n / 0 FROM d.numbers
error SELECT f8 / 0 FROM d.numbers
error SELECT i4 + 1 FROM d.numbers
error SELECT i2 * i2 FROM d.numbers
error SELECT i8 + 1 FROM d.numbers
error SELECT sqrt(-1)
error SELECT ln(0)
error SELECT ln(i4) FROM d.numbers
error SELECT round(f8, 1) FROM d.numbers
error SELECT f8 % 2 FROM d.numbers
error SELECT i4 + 'x' FROM d.numbers
error SELECT s + 1 FROM d.words
error SELECT s = 1 FROM d.words
error SELECT id LIKE '1%' FROM d.words
error SELECT 'x'::int
error SELECT 3000000000::int
error SELECT i8::int FROM d.numbers
error SELECT f8::int FROM d.numbers
error SELECT 1 = true
error SELECT 1 AND true
error SELECT nosuch FROM d.numbers
error SELECT numbers.nosuch FROM d.numbers
error SELECT id FROM d.numbers, d.words
error SELECT max(ok) FROM d.numbers
error SELECT sum(s) FROM d.words
error SELECT substring('abc' from 1 for -1)
error SELECT (-8) ^ 0.5
error SELECT 0 ^ -1
error SELECT asin(2)
error SELECT '2021-02-29'::date
error SELECT ARRAY[1, 'x']
error SELECT exp(1000)
error SELECT id, count(*) FROM d.numbers
error SELECT count(*) FROM d.numbers WHERE count(*) > 1
error SELECT a FROM (SELECT 1 AS a) x, (SELECT 2 AS a) y
error SELECT 1 UNION SELECT 'x'
error SELECT 1 UNION SELECT 1, 2
error SELECT id FROM d.words ORDER BY 2
error SELECT CASE WHEN 1 THEN 2 END
error SELECT coalesce(1, 'x')
error SELECT d + d FROM d.days
error SELECT d + 1.5 FROM d.days

-- comparison and logic
SELECT id FROM d.numbers WHERE i4 > 2 ORDER BY id
SELECT id FROM d.numbers WHERE n = 1.25 OR n <> 2.35 ORDER BY id
SELECT id, i4 = 7, i4 <> 7, i4 IS NULL, i4 IS NOT NULL, ok, NOT ok, ok IS TRUE, ok IS NOT TRUE, ok IS FALSE, ok IS UNKNOWN FROM d.numbers
SELECT id, i4 BETWEEN 0 AND 5, i4 NOT BETWEEN 0 AND 5, i4 BETWEEN SYMMETRIC 5 AND 0 FROM d.numbers
SELECT id, i4 IN (2, 7, NULL), i4 NOT IN (2, 7), i4 NOT IN (2, NULL) FROM d.numbers
SELECT id, i4 IS DISTINCT FROM 7, i4 IS NOT DISTINCT FROM NULL, s IS DISTINCT FROM 'alpha' FROM d.numbers JOIN d.words USING (id)
SELECT id FROM d.words WHERE s > 'a' ORDER BY id
SELECT id FROM d.words WHERE s < 'Z' AND s >= 'A' ORDER BY id
SELECT id, i4 > f8, n > f8, i8 > n, f4 > f8, i4 > f4, f4 = 0.5, f4 > 0.1 FROM d.numbers
SELECT id, ok AND NULL, ok OR NULL, NOT (ok AND i4 > 0), ok = true, ok <> false, ok > false FROM d.numbers
SELECT id, (i4, id) = (7, 1), (i4, id) < (7, 2), (i4, id) >= (2, 3), (i4, id) <> (7, 2) FROM d.numbers
SELECT id FROM d.numbers WHERE (i4, id) IN ((7, 1), (2, 3), (NULL, 4)) ORDER BY id
SELECT id FROM d.numbers WHERE i4 = ANY (ARRAY[2, 7]) ORDER BY id
SELECT id FROM d.numbers WHERE i4 = ANY ('{2,7,NULL}') ORDER BY id
SELECT id FROM d.numbers WHERE i4 <> ALL (ARRAY[2, 7]) ORDER BY id
SELECT id FROM d.words WHERE s = ANY ('{alpha,Beta}'::text[]) ORDER BY id
SELECT id FROM d.numbers WHERE i4 = ANY (SELECT qty FROM d.words) ORDER BY id
SELECT id FROM d.numbers WHERE i4 IN (SELECT qty FROM d.words) ORDER BY id
SELECT id FROM d.numbers WHERE i4 NOT IN (SELECT qty FROM d.words) ORDER BY id
SELECT id FROM d.numbers WHERE i4 NOT IN (SELECT qty FROM d.words WHERE qty IS NOT NULL) ORDER BY id
SELECT id FROM d.numbers WHERE i4 <> ALL (SELECT qty FROM d.words WHERE qty IS NOT NULL) ORDER BY id
SELECT id FROM d.numbers WHERE (id, i4) IN (SELECT id, qty FROM d.words) ORDER BY id
SELECT id FROM d.numbers n WHERE EXISTS (SELECT 1 FROM d.words w WHERE w.qty = n.i4 AND w.id <> n.id) ORDER BY id
SELECT id FROM d.numbers n WHERE NOT EXISTS (SELECT FROM d.words w WHERE w.id = n.id + 10) ORDER BY id
SELECT id, CASE i4 WHEN 7 THEN 'seven' WHEN 2 THEN 'two' ELSE 'other' END, CASE WHEN i4 > 2 THEN n ELSE i4 END FROM d.numbers
SELECT id, coalesce(i4, 0), coalesce(n, i4, 0), coalesce(f8, n), coalesce(NULL, s, 'x') FROM d.numbers JOIN d.words USING (id)
SELECT id, nullif(i4, 7), nullif(s, 'alpha'), greatest(i4, 3, NULL), least(n, 1), greatest(s, 'm') FROM d.numbers JOIN d.words USING (id)
SELECT 'abc' = 'abc ', 'a' < 'B', 'é' > 'z', 'NaN'::float8 = 'NaN'::float8, 'NaN'::float8 > 1e308
SELECT id FROM d.days WHERE d > '2020-12-31' ORDER BY id
SELECT id FROM d.days WHERE d = ts::date ORDER BY id
SELECT id FROM d.days WHERE ts >= '2021-01-01' AND ts < DATE '2022-01-01' ORDER BY id
SELECT id FROM d.days WHERE tz > '2021-01-01 00:00:00+00' ORDER BY id
SELECT id, d < ts, d = tz, ts < tz FROM d.days
SELECT id FROM d.days WHERE d BETWEEN '2021-01-01' AND '2021-12-31' ORDER BY id
SELECT id FROM d.days WHERE d IN ('2021-01-01', '2022-07-03') ORDER BY id

-- text
SELECT id, length(s), char_length(s), octet_length(s), upper(s), lower(s), reverse(s) FROM d.words
SELECT id, substr(s, 2), substr(s, 2, 3), substring(s from 2 for 3), substring(s for 2), substring(s from 3) FROM d.words
SELECT id, substr(s, 0, 3), substr(s, -1, 4), substr(s, -5), substr(s, 0), substr(s, 3, 0), substr(s, -3, 2) FROM d.words
SELECT id, substr(s, qty), substr(s, qty, 3), substr(s, 1, abs(qty)) FROM d.words
SELECT id, left(s, 2), right(s, 2), left(s, -2), right(s, -2), left(s, 0), left(s, qty), right(s, qty) FROM d.words
SELECT id, position('a' in s), strpos(s, t), position('' in s), strpos(s, 'zz') FROM d.words
SELECT id, trim(s), ltrim(s), rtrim(s), btrim(s, ' a'), trim(both 'a' from s), trim(leading 'af' from s), rtrim(s, 'e') FROM d.words
SELECT id, lpad(s, 6, '*'), rpad(s, 6, '*'), lpad(s, 3), lpad(s, 8, 'xy'), lpad(s, 0), lpad(s, -1), lpad('a', 3, '') FROM d.words
SELECT id, replace(s, 'a', 'XX'), replace(s, t, '-'), replace(s, '', 'x'), translate(s, 'abc', 'xy'), repeat(t, 2), repeat(t, 0), repeat(t, -1) FROM d.words
SELECT id, split_part(s, ',', 1), split_part(s, ',', 2), split_part(s, ',', -1), split_part(s, ',', 9), split_part(s, '', 1) FROM d.words
SELECT id, concat(s, t), concat(s, NULL, id), concat_ws('-', s, t, NULL), s || t, s || id, id || s, concat(ok, '') FROM d.words JOIN (SELECT id AS i, ok FROM d.numbers) x ON i = id
SELECT id, ascii(s), md5(s), starts_with(s, 'a'), starts_with(s, t) FROM d.words
SELECT chr(65), ascii('é'), ascii(''), length(''), md5(''), upper('straße'), lower('ÀÉ')
SELECT id, overlay(s placing 'XX' from 2 for 3), overlay(s placing 'YY' from 1) FROM d.words
SELECT id FROM d.words WHERE s LIKE '%a' ORDER BY id
SELECT id FROM d.words WHERE s LIKE '_eta' ORDER BY id
SELECT id FROM d.words WHERE s NOT LIKE '%a%' ORDER BY id
SELECT id FROM d.words WHERE s ILIKE 'ALPHA' OR s ILIKE '%GRÖSSE' OR s ILIKE 'ÜBER%' ORDER BY id
SELECT id FROM d.words WHERE s LIKE '%\%%' OR s LIKE '%\_%' ORDER BY id
SELECT id FROM d.words WHERE s LIKE '%!%%' ESCAPE '!' ORDER BY id
SELECT id FROM d.words WHERE s LIKE '%\\%' ORDER BY id
SELECT id FROM d.words WHERE s LIKE 'b\ack%' ORDER BY id
SELECT id FROM d.words WHERE s LIKE t || '%' ORDER BY id
SELECT id FROM d.words WHERE s ~ '^[a-z]+$' ORDER BY id
SELECT id FROM d.words WHERE s ~ 'a.*a' ORDER BY id
SELECT id FROM d.words WHERE s ~* '^alpha$' ORDER BY id
SELECT id FROM d.words WHERE s !~ '[0-9]' ORDER BY id
SELECT id FROM d.words WHERE s !~* 'A' ORDER BY id
SELECT id FROM d.words WHERE s ~ '\d{3}' ORDER BY id
SELECT id FROM d.words WHERE s ~ '^\w+$' ORDER BY id
SELECT id FROM d.words WHERE s ~ '\s' ORDER BY id
SELECT id FROM d.words WHERE s ~ '(foo|bar)\d+' ORDER BY id
SELECT id FROM d.words WHERE s ~ '[[:upper:]]' ORDER BY id
SELECT id FROM d.words WHERE s ~ '^.{5}$' ORDER BY id
SELECT id FROM d.words WHERE s ~ '[^[:alnum:]]' ORDER BY id
SELECT id FROM d.words WHERE s ~ '\\' OR s ~ '\$\{' ORDER BY id
SELECT id FROM d.words WHERE s ~ 'ab*l?' ORDER BY id
SELECT id FROM d.words WHERE s ~ '' ORDER BY id
SELECT E'a\nb' ~ 'a.b', E'a\nb' ~ '^b', E'a\n' ~ 'a$', 'a' ~ '^a$', 'x-y' ~ '[a-]', 'x]y' ~ '[]]', 'x&&y' ~ '[&]{2}'
SELECT id, regexp_replace(s, 'a', 'X'), regexp_replace(s, 'a', 'X', 'g'), regexp_replace(s, '[0-9]+', '<\&>', 'g'), regexp_replace(s, '(.)(.)', '\2\1') FROM d.words
SELECT id, regexp_replace(s, 'A', '$1\\', 'gi'), regexp_replace(s, '\s+', ' ', 'g'), regexp_replace(s, '^', '>'), regexp_replace(s, 'x*', '-') FROM d.words
SELECT id, substring(s from '[0-9]+'), substring(s from 'o(.)'), substring(s from '^.'), regexp_substr(s, '[a-z]+'), regexp_count(s, 'a'), regexp_like(s, '^a') FROM d.words
SELECT id, v, length(v), upper(v), v || 'x', v = s, v::varchar(3), s::varchar(2), s::char(3) = 'alp' FROM d.words

-- dates
SELECT id, d + 1, d - 1, d - DATE '2020-01-01', 1 + d, d + id FROM d.days
SELECT id, d + interval '1 month', d - interval '1 year', d + interval '1 day 2 hours', d + interval '1 month 1 day' FROM d.days
SELECT id, ts + interval '1 month', ts - interval '1 year 2 months 3 days 04:05:06', ts + interval '36 hours', ts + interval '1.5 hours' FROM d.days
SELECT id, tz + interval '1 month', tz - interval '1 day', tz + interval '3 hours', tz + interval '1 week' FROM d.days
SELECT id, ts - TIMESTAMP '2020-01-01', ts - d, tz - TIMESTAMPTZ '2021-01-01 00:00:00+00', tz - tz FROM d.days
SELECT id, ts + 2 * interval '1 day', ts + interval '1 day' * id, d - id * interval '1 month', ts - interval '1 hour' * 3 FROM d.days
SELECT id, extract(year from d), extract(month from d), extract(day from d), extract(dow from d), extract(isodow from d), extract(doy from d), extract(week from d), extract(isoyear from d), extract(quarter from d) FROM d.days
SELECT id, extract(hour from ts), extract(minute from ts), extract(second from ts), extract(milliseconds from ts), extract(microseconds from ts), extract(epoch from ts) FROM d.days
SELECT id, extract(hour from tz), extract(epoch from tz), extract(epoch from d), extract(decade from d), extract(century from d), extract(millennium from d) FROM d.days
SELECT id, extract(year from d) / 10, extract(month from d) + 1, extract(epoch from ts - TIMESTAMP '2020-01-01'), extract(day from ts - TIMESTAMP '2020-01-01'), extract(hour from ts - TIMESTAMP '2020-01-01') FROM d.days
SELECT id, date_trunc('year', d), date_trunc('month', d), date_trunc('week', d), date_trunc('day', d), date_trunc('quarter', d) FROM d.days
SELECT id, date_trunc('year', ts), date_trunc('quarter', ts), date_trunc('month', ts), date_trunc('week', ts), date_trunc('day', ts), date_trunc('hour', ts), date_trunc('minute', ts), date_trunc('second', ts), date_trunc('milliseconds', ts) FROM d.days
SELECT id, date_trunc('year', tz), date_trunc('month', tz), date_trunc('week', tz), date_trunc('day', tz), date_trunc('hour', tz), date_trunc('minute', tz), date_trunc('second', tz) FROM d.days
SELECT id, d::timestamp, ts::date, tz::date, d::text, ts::text, d::timestamptz FROM d.days
SELECT id, ts::timestamptz, ts < tz, ts = tz, tz - ts, ts - tz FROM d.days
SELECT id, tz::timestamp FROM d.days
SELECT id, tz AT TIME ZONE 'UTC', tz AT TIME ZONE 'Europe/Berlin', tz AT TIME ZONE 'Asia/Kolkata' FROM d.days
SELECT id, ts AT TIME ZONE 'UTC', ts AT TIME ZONE 'America/New_York', ts AT TIME ZONE 'Asia/Tokyo' FROM d.days
SELECT id, to_char(d, 'YYYY-MM-DD'), to_char(d, 'Mon DD, YYYY'), to_char(d, 'DD/MM/YY'), to_char(d, 'Day Month'), to_char(d, 'FMDay, FMMonth FMDD') FROM d.days
SELECT id, to_char(ts, 'HH24:MI:SS'), to_char(ts, 'HH12:MI AM'), to_char(ts, 'YYYY"Q"Q'), to_char(ts, 'IYYY-IW-ID'), to_char(ts, 'DDD D Dy MON'), to_char(ts, 'SS.MS US') FROM d.days
SELECT to_date('2021-03-04', 'YYYY-MM-DD'), to_date('04/03/2021', 'DD/MM/YYYY'), to_date('20210304', 'YYYYMMDD')
SELECT to_timestamp(0), to_timestamp(1600000000.5), make_date(2020, 2, 29)
SELECT d, count(*) FROM d.days GROUP BY d ORDER BY d
SELECT date_trunc('month', day) AS m, sum(amount) FROM d.sales GROUP BY 1 ORDER BY 1
SELECT to_char(day, 'YYYY-MM') AS ym, count(*), sum(qty) FROM d.sales GROUP BY to_char(day, 'YYYY-MM') ORDER BY ym DESC
SELECT extract(year from day) AS y, extract(month from day) AS m, count(*) FROM d.sales GROUP BY y, m ORDER BY y, m
SELECT max(day) - min(day), min(day) + 30, max(day) > '2024-01-01' FROM d.sales

-- ordering and limits
SELECT id, i4 FROM d.numbers ORDER BY i4, id
SELECT id, i4 FROM d.numbers ORDER BY i4 DESC, id
SELECT id, i4 FROM d.numbers ORDER BY i4 NULLS FIRST, id
SELECT id, i4 FROM d.numbers ORDER BY i4 DESC NULLS LAST, id DESC
SELECT id, s FROM d.words ORDER BY s
SELECT id, lower(s) AS s FROM d.words ORDER BY s, id
SELECT id AS x, -id AS id FROM d.numbers ORDER BY id
SELECT id AS x, -id AS id FROM d.numbers ORDER BY -id
SELECT id AS x FROM d.numbers ORDER BY id DESC LIMIT 3
SELECT id FROM d.numbers ORDER BY i4 + 0, id LIMIT 4 OFFSET 2
SELECT id FROM d.numbers ORDER BY 1 DESC LIMIT 2
SELECT id FROM d.numbers ORDER BY id LIMIT ALL
SELECT id FROM d.numbers ORDER BY id FETCH FIRST 2 ROWS ONLY
SELECT id FROM d.numbers ORDER BY id OFFSET 8
SELECT id FROM d.numbers LIMIT 0
SELECT f8 FROM d.numbers ORDER BY f8
SELECT ok, count(*) FROM d.numbers GROUP BY ok ORDER BY ok
SELECT DISTINCT region FROM d.sales ORDER BY region
SELECT DISTINCT region, product FROM d.sales ORDER BY region DESC, product
SELECT DISTINCT ON (region) region, id, amount FROM d.sales ORDER BY region, amount DESC, id
SELECT DISTINCT ON (region, product) * FROM d.sales ORDER BY region, product, id DESC
SELECT DISTINCT ON (product) product, region FROM d.sales ORDER BY product NULLS FIRST, region, id LIMIT 3
SELECT id, i2 * -1 AS neg FROM d.numbers WHERE id <> 7 ORDER BY neg NULLS FIRST, id

-- grouping and aggregates
SELECT count(*), count(region), count(DISTINCT region), count(DISTINCT amount) FROM d.sales
SELECT region, sum(amount), avg(amount), min(amount), max(amount), sum(qty), avg(qty), min(product), max(day) FROM d.sales GROUP BY region ORDER BY region
SELECT sum(i4), avg(i4), sum(i8), avg(i2), sum(i2), sum(n), avg(n), sum(k), avg(k) FROM d.numbers WHERE id NOT IN (6, 7)
SELECT sum(i8), avg(i8), max(i8) FROM d.numbers
SELECT sum(f8), avg(f8), sum(f4), avg(f4) FROM d.numbers WHERE id IN (1, 2, 4, 9)
SELECT stddev(qty), stddev_pop(qty), stddev_samp(amount), variance(qty), var_pop(amount), var_samp(rate) FROM d.sales
SELECT region, stddev(qty), variance(amount) FROM d.sales GROUP BY region ORDER BY region
SELECT corr(qty, rate), covar_pop(qty, rate), covar_samp(qty, rate), regr_slope(rate, qty), regr_intercept(rate, qty), regr_r2(rate, qty), regr_count(rate, qty), regr_avgx(rate, qty), regr_avgy(rate, qty) FROM d.sales
SELECT bool_and(ok), bool_or(ok), every(ok), bit_and(i4), bit_or(i4), bit_xor(i4) FROM d.numbers
SELECT sum(qty), avg(qty), min(qty), max(product), count(*), string_agg(product, ','), bool_and(qty > 0), array_agg(qty) FROM d.sales WHERE false
SELECT sum(amount) FILTER (WHERE region = 'north'), count(*) FILTER (WHERE qty > 2), avg(qty) FILTER (WHERE qty > 2), count(*) FROM d.sales
SELECT sum(DISTINCT qty), avg(DISTINCT qty), count(DISTINCT qty) FILTER (WHERE region = 'west') FROM d.sales
SELECT string_agg(product, ',' ORDER BY product), string_agg(DISTINCT product, '-' ORDER BY product), string_agg(region, '' ORDER BY id DESC) FROM d.sales
SELECT region, string_agg(product, ', ' ORDER BY product DESC) FROM d.sales GROUP BY region ORDER BY region
SELECT array_agg(qty ORDER BY id), array_agg(product ORDER BY product), array_agg(product ORDER BY product DESC), array_agg(id ORDER BY qty NULLS FIRST, id) FROM d.sales
SELECT region, array_agg(product ORDER BY id) FILTER (WHERE qty > 1) FROM d.sales GROUP BY region ORDER BY region
SELECT array_agg(DISTINCT region ORDER BY region) FROM d.sales
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY qty), percentile_cont(0.25) WITHIN GROUP (ORDER BY amount), percentile_cont(0.9) WITHIN GROUP (ORDER BY qty DESC) FROM d.sales
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY qty), percentile_disc(0.1) WITHIN GROUP (ORDER BY rate), percentile_disc(0.75) WITHIN GROUP (ORDER BY qty DESC), percentile_disc(1) WITHIN GROUP (ORDER BY qty), percentile_disc(0) WITHIN GROUP (ORDER BY qty) FROM d.sales
SELECT mode() WITHIN GROUP (ORDER BY region), mode() WITHIN GROUP (ORDER BY qty), mode() WITHIN GROUP (ORDER BY qty DESC) FROM d.sales
SELECT region, percentile_cont(0.5) WITHIN GROUP (ORDER BY amount) FILTER (WHERE qty > 1) FROM d.sales GROUP BY region ORDER BY region
SELECT region, count(*) FROM d.sales GROUP BY region HAVING count(*) > 2 ORDER BY 2 DESC, 1
SELECT region AS r, count(*) AS n FROM d.sales GROUP BY r HAVING sum(qty) > 3 ORDER BY n DESC, r
SELECT sum(qty) AS qty FROM d.sales GROUP BY region HAVING max(qty) > 2 ORDER BY qty
SELECT region, product, sum(qty) FROM d.sales GROUP BY ROLLUP (region, product) ORDER BY region, product, 3
SELECT region, product, sum(qty), count(*) FROM d.sales GROUP BY CUBE (region, product) ORDER BY 1, 2, 3, 4
SELECT region, product, sum(qty), grouping(region), grouping(product), grouping(region, product) FROM d.sales GROUP BY GROUPING SETS ((region), (product), ()) ORDER BY 4, 5, 1, 2
SELECT region, sum(qty) FROM d.sales GROUP BY GROUPING SETS ((region), ()) ORDER BY region NULLS FIRST, 2
SELECT count(*) FROM d.sales GROUP BY ()
SELECT length(region) AS l, count(*) FROM d.sales GROUP BY length(region) ORDER BY 1
SELECT region || '!' AS r, max(id) FROM d.sales GROUP BY region || '!' ORDER BY 1
SELECT CASE WHEN qty > 3 THEN 'many' ELSE 'few' END AS size, count(*) FROM d.sales GROUP BY 1 ORDER BY 1
SELECT count(*) FROM d.sales HAVING count(*) > 3
SELECT max(amount) - min(amount) AS spread, sum(amount) / count(*) AS mean, sum(amount) / nullif(sum(qty), 0) AS each FROM d.sales
SELECT region, round(100.0 * sum(qty) / (SELECT sum(qty) FROM d.sales), 1) AS pct FROM d.sales GROUP BY region ORDER BY region
SELECT region, round(avg(amount), 2), round(avg(qty), 1), round(sum(amount) / count(*), 3) FROM d.sales GROUP BY region ORDER BY region
SELECT round(stddev(amount), 3), round(avg(rate)::numeric, 2) FROM d.sales
SELECT any_value(country) FROM d.regions WHERE region = 'north'
SELECT sum(qty * amount), sum(qty) * sum(amount), avg(amount) * avg(qty), sum(amount * amount) FROM d.sales
SELECT count(*) FROM d.sales WHERE region IS NULL OR product = 'pen'
SELECT region, min(day), max(day), max(day) - min(day) AS span FROM d.sales GROUP BY region ORDER BY span DESC NULLS LAST, region

-- window functions
SELECT id, row_number() OVER (ORDER BY amount, id), rank() OVER (ORDER BY amount), dense_rank() OVER (ORDER BY amount DESC) FROM d.sales
SELECT id, percent_rank() OVER (ORDER BY qty), cume_dist() OVER (ORDER BY qty), ntile(3) OVER (ORDER BY id) FROM d.sales
SELECT id, lag(qty) OVER (ORDER BY id), lead(qty, 2) OVER (ORDER BY id), lag(qty, 1, 0) OVER (PARTITION BY region ORDER BY id), lead(product, 1, 'none') OVER (ORDER BY id) FROM d.sales
SELECT id, first_value(qty) OVER w, last_value(qty) OVER w, nth_value(qty, 2) OVER w FROM d.sales WINDOW w AS (PARTITION BY product ORDER BY id)
SELECT id, sum(qty) OVER (PARTITION BY region ORDER BY id), avg(amount) OVER (PARTITION BY region), count(*) OVER () FROM d.sales
SELECT id, sum(qty) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW), max(amount) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING), count(*) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM d.sales
SELECT id, sum(qty) OVER (ORDER BY day), count(*) OVER (ORDER BY day DESC), sum(qty) OVER (ORDER BY day RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) FROM d.sales
SELECT id, last_value(id) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING), sum(id) OVER (ORDER BY id ROWS 3 PRECEDING) FROM d.sales
SELECT id, count(*) FILTER (WHERE qty > 2) OVER (ORDER BY id), sum(amount) FILTER (WHERE region = 'west') OVER (PARTITION BY region ORDER BY id) FROM d.sales
SELECT id, row_number() OVER w, sum(qty) OVER (w ROWS 1 PRECEDING) FROM d.sales WINDOW w AS (PARTITION BY region ORDER BY amount DESC, id)
SELECT region, sum(qty), rank() OVER (ORDER BY sum(qty) DESC), sum(sum(qty)) OVER () FROM d.sales GROUP BY region ORDER BY 1
SELECT id, amount - lag(amount) OVER (ORDER BY id) AS diff, amount / sum(amount) OVER () AS share FROM d.sales ORDER BY id
SELECT * FROM (SELECT id, region, row_number() OVER (PARTITION BY region ORDER BY amount DESC, id) AS rn FROM d.sales) x WHERE rn = 1 ORDER BY id
SELECT id, row_number() OVER (PARTITION BY region ORDER BY qty NULLS FIRST, id), rank() OVER (ORDER BY region DESC) FROM d.sales
SELECT id, round(avg(amount) OVER (ORDER BY id ROWS BETWEEN 6 PRECEDING AND CURRENT ROW), 2) AS moving FROM d.sales ORDER BY id
SELECT id, bool_or(qty > 3) OVER (PARTITION BY region), min(day) OVER (PARTITION BY region) FROM d.sales

-- joins and FROM
SELECT s.id, r.country FROM d.sales s JOIN d.regions r ON s.region = r.region
SELECT s.id, r.country FROM d.sales s LEFT JOIN d.regions r ON s.region = r.region
SELECT s.id, r.country FROM d.sales s RIGHT JOIN d.regions r ON s.region = r.region
SELECT s.id, r.country FROM d.sales s FULL OUTER JOIN d.regions r ON s.region = r.region
SELECT s.id, r.rank FROM d.sales s CROSS JOIN d.regions r WHERE s.id < 3
SELECT s.id, r.rank FROM d.sales s, d.regions r WHERE s.region = r.region AND r.rank > 0
SELECT * FROM d.sales JOIN d.regions USING (region) WHERE id < 4
SELECT region, count(*) FROM d.sales FULL JOIN d.regions USING (region) GROUP BY region ORDER BY region
SELECT region, sales.region, regions.region FROM d.sales LEFT JOIN d.regions USING (region) ORDER BY id
SELECT region, id FROM d.sales RIGHT JOIN d.regions USING (region) ORDER BY region, id
SELECT * FROM d.sales NATURAL JOIN d.regions WHERE id < 3
SELECT a.id, b.id FROM d.sales a JOIN d.sales b ON a.region = b.region AND a.id < b.id
SELECT a.id FROM d.sales a JOIN (d.regions r JOIN d.sales b ON r.region = b.region) ON a.id = b.id WHERE r.rank = 1
SELECT x.a, x.b FROM (SELECT id AS a, region AS b FROM d.sales) AS x WHERE x.a < 3
SELECT x, y FROM (SELECT id, region FROM d.sales) AS t(x, y) WHERE x < 3
SELECT a, region FROM d.sales AS t(a) WHERE a < 3
SELECT * FROM (VALUES (1, 'a'), (2, NULL), (NULL, 'c')) AS v(n, s) ORDER BY n
SELECT column1, column2 FROM (VALUES (1, 1.5), (2, 3)) AS v
VALUES (1, 'x'), (2, 'y') ORDER BY 1 DESC
VALUES (1), (2.5), (NULL)
SELECT * FROM (VALUES ('2020-01-01'::date), ('2021-01-01')) v(d) WHERE d > '2020-06-01'
SELECT s.id, x.top FROM d.regions r JOIN LATERAL (SELECT max(id) AS id, max(amount) AS top FROM d.sales WHERE region = r.region) s ON true CROSS JOIN LATERAL (SELECT s.top) x WHERE s.id IS NOT NULL
SELECT r.region, s.id FROM d.regions r LEFT JOIN LATERAL (SELECT id FROM d.sales WHERE sales.region = r.region ORDER BY id DESC LIMIT 1) s ON true ORDER BY r.region
SELECT region, (SELECT count(*) FROM d.sales s WHERE s.region = r.region) FROM d.regions r ORDER BY region
SELECT region, (SELECT max(amount) FROM d.sales s WHERE s.region = r.region AND s.qty > r.rank) AS m FROM d.regions r ORDER BY region
SELECT * FROM generate_series(1, 5)
SELECT * FROM generate_series(1, 10, 3) AS g(i)
SELECT * FROM generate_series(5, 1, -2) g
SELECT * FROM generate_series(5, 1)
SELECT g, g * 2 FROM generate_series(-2, 2) g ORDER BY g DESC
SELECT * FROM generate_series(DATE '2021-01-30', DATE '2021-02-02', '1 day')
SELECT g::date FROM generate_series(DATE '2021-01-01', DATE '2021-06-15', interval '1 month') g
SELECT g FROM generate_series(TIMESTAMP '2021-01-01', TIMESTAMP '2021-01-02', interval '6 hours') AS g
SELECT id, g FROM d.numbers, generate_series(1, i4) g WHERE id IN (1, 3, 4, 5)
SELECT m.g, count(id) FROM generate_series(DATE '2024-01-01', DATE '2024-03-01', '1 month') AS m(g) LEFT JOIN d.sales ON date_trunc('month', day) = m.g GROUP BY m.g ORDER BY m.g
SELECT generate_series(1, 3)
SELECT * FROM unnest(ARRAY[3, 1, 2]) AS u(x)
SELECT id, x FROM d.lists, unnest(ints) AS x
SELECT id, x, n FROM d.lists CROSS JOIN unnest(words) WITH ORDINALITY AS u(x, n)
SELECT id, x FROM d.lists LEFT JOIN LATERAL unnest(ints) AS u(x) ON true
SELECT id, unnest(ints) FROM d.lists
SELECT count(*) FROM d.sales TABLESAMPLE BERNOULLI (100)

-- set operations and WITH
SELECT 1 UNION SELECT 2 UNION SELECT 1 ORDER BY 1
SELECT id FROM d.numbers WHERE id < 4 UNION ALL SELECT qty FROM d.sales WHERE qty > 6 ORDER BY 1
SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2.5, NULL ORDER BY a DESC
SELECT NULL UNION SELECT 1
SELECT '2020-01-01' AS d UNION ALL SELECT '2021-01-01'::date ORDER BY 1
SELECT id FROM d.numbers INTERSECT SELECT qty FROM d.sales ORDER BY 1
SELECT id FROM d.numbers EXCEPT SELECT qty FROM d.sales WHERE qty IS NOT NULL ORDER BY 1
SELECT region FROM d.sales EXCEPT ALL SELECT region FROM d.regions ORDER BY 1
SELECT region FROM d.sales INTERSECT ALL SELECT region FROM d.regions ORDER BY 1
SELECT 1 UNION ALL SELECT 2 INTERSECT SELECT 2 ORDER BY 1
(SELECT id FROM d.numbers ORDER BY id LIMIT 2) UNION ALL (SELECT id FROM d.words ORDER BY id DESC LIMIT 1) ORDER BY 1
SELECT * FROM (SELECT 1 AS a UNION SELECT 2) x WHERE a > 1
SELECT i4 AS v FROM d.numbers WHERE id < 3 UNION ALL SELECT n FROM d.numbers WHERE id < 3 UNION ALL SELECT f8 FROM d.numbers WHERE id < 3 ORDER BY v
SELECT d FROM d.days WHERE id < 3 UNION ALL SELECT ts FROM d.days WHERE id < 3 ORDER BY d
WITH t AS (SELECT region, sum(qty) AS q FROM d.sales GROUP BY region) SELECT * FROM t WHERE q > 5 ORDER BY region
WITH a AS (SELECT 1 AS x), b(y) AS (SELECT x + 1 FROM a) SELECT x, y FROM a, b
WITH a AS MATERIALIZED (SELECT id FROM d.numbers), b AS NOT MATERIALIZED (SELECT id FROM a WHERE id > 8) SELECT count(*) FROM b
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT n FROM r ORDER BY n
WITH RECURSIVE r AS (SELECT 1 AS n, 'a' AS s UNION ALL SELECT n + 1, s || 'b' FROM r WHERE n < 4) SELECT sum(n), max(s) FROM r
WITH t AS (SELECT 1 AS x) SELECT * FROM t UNION ALL SELECT x + 1 FROM t ORDER BY x
SELECT * FROM (WITH q AS (SELECT 5 AS v) SELECT v FROM q) z
WITH x AS (SELECT region, avg(amount) AS a FROM d.sales GROUP BY region) SELECT s.id FROM d.sales s JOIN x ON s.region = x.region WHERE s.amount > x.a ORDER BY 1
SELECT count FROM (SELECT count(*) FROM d.sales) c
SELECT sum, "?column?" FROM (SELECT sum(qty), 1 + 1 FROM d.sales) c

-- arrays
SELECT id, ints[1], ints[2], words[1], ints[9], words[0] FROM d.lists
SELECT ARRAY[1, 2, 3], ARRAY['a', NULL], ARRAY[1.5, 2], (ARRAY[10, 20])[2], ARRAY[1, 2] || ARRAY[3], '{1,2}'::int[]
SELECT id, array_length(ints, 1), cardinality(ints), array_to_string(ints, ','), array_to_string(words, '-') FROM d.lists
SELECT id FROM d.lists WHERE 7 = ANY (ints) ORDER BY id
SELECT id, 5 = ANY (ints), 'a' <> ALL (words), NULL = ANY (ints) FROM d.lists
SELECT id, ints || ARRAY[0], ints || NULL::int[] FROM d.lists
SELECT id, ints = ARRAY[1, 2, 3], ints IS NULL FROM d.lists
SELECT id, ints::text[] FROM d.lists

-- casts
SELECT id, i4::text, i8::varchar, n::text, ok::text, ok::int, k::text, i2::int8, n::int8 FROM d.numbers
SELECT id, 1::bool, 0::bool, i4::bool FROM d.numbers
SELECT id, i4::numeric(12,1), n::numeric(6,1), n::numeric, cast(n AS double precision), cast(i4 AS real) FROM d.numbers WHERE id < 6
SELECT '42'::int, ' 42 '::int, '1.5'::numeric(3,1), '2.345'::numeric(4,2), 'f'::bool, '2020-1-5'::date, '2020-01-05 1:02'::timestamp, '2020-01-05T01:02:03Z'::timestamptz
SELECT id, (qty::text || 'x'), qty::text::int FROM d.words
SELECT 'abc'::varchar(2), 'abc'::text, 'a'::char(3), length('a'::char(3)), 'a'::char(3) || '|', 'ab  '::char(4) = 'ab'
SELECT interval '1 day' = interval '24 hours', interval '1 hour' < interval '90 minutes', TIMESTAMP '2020-01-31' + interval '1 month' - interval '1 day'

-- a dashboard's habits
SELECT * FROM (SELECT region, count(*) AS "COUNT(*)", sum(amount) AS "SUM(amount)" FROM d.sales GROUP BY region) AS expr_qry LIMIT 0
SELECT DATE_TRUNC('day', day) AS __timestamp, AVG(amount) AS "AVG(amount)" FROM d.sales WHERE day >= TO_TIMESTAMP('2024-01-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US') GROUP BY DATE_TRUNC('day', day) ORDER BY "AVG(amount)" DESC, 1 LIMIT 1000
SELECT "sales"."region" AS "region", COUNT(DISTINCT "sales"."id") AS "ctd:id:ok", SUM(CAST("sales"."qty" AS DOUBLE PRECISION)) AS "sum:qty:ok" FROM "d"."sales" "sales" GROUP BY 1 ORDER BY 1
SELECT CAST(extract(dow from "source"."day") AS integer) + 1 AS "day", COUNT(*) AS "count" FROM (SELECT "d"."sales"."day" AS "day" FROM "d"."sales" WHERE "d"."sales"."day" >= CAST('2024-01-01' AS date)) AS "source" GROUP BY CAST(extract(dow from "source"."day") AS integer) + 1 ORDER BY 1
SELECT (CASE WHEN ((sales.amount >= 10) AND (NOT (sales.region IS NULL))) THEN 1 ELSE 0 END) AS calc, SUM(1) AS n FROM d.sales sales GROUP BY 1 ORDER BY 1
SELECT COUNT(1) AS cnt, COALESCE(SUM(amount), 0) AS total, MAX(day)::date AS latest FROM d.sales WHERE region IN ('north', 'south') AND (product LIKE 'p%' OR product IS NULL)
SELECT region, SUM(CASE WHEN product = 'pen' THEN qty ELSE 0 END) AS pens, SUM(CASE WHEN product = 'ink' THEN qty END) AS inks FROM d.sales GROUP BY region ORDER BY region
SELECT t.region, t.total, t.total / SUM(t.total) OVER () AS share FROM (SELECT region, SUM(qty) AS total FROM d.sales GROUP BY region) t ORDER BY t.total DESC NULLS LAST, t.region LIMIT 3

-- fixed-width text
SELECT id, c, length(c), c = 'ab', c = 'ab   ', c || '|', c::text, upper(c), c IN ('ab', 'x'), w = c, concat(w, '|') FROM d.codes
SELECT c, count(*) FROM d.codes GROUP BY c ORDER BY c
SELECT min(c), max(w), count(DISTINCT c) FROM d.codes
SELECT id, b, octet_length(b), b IS NULL, b = '\x6162' FROM d.codes
SELECT id, coalesce(c, 'none'), coalesce(c::text, w::text), nullif(c, 'ab'), CASE WHEN id = 1 THEN c END, left(c, 3), c < 'b' FROM d.codes

-- the hour that comes twice, and the one that never comes
SELECT id, date_trunc('hour', ts), date_trunc('minute', ts), to_char(ts, 'YYYY-MM-DD HH24:MI:SS'), to_char(tz, 'HH24:MI'), extract(epoch from ts), extract(epoch from tz) FROM d.days
SELECT id, tz + interval '1 month', tz + interval '31 days', tz + interval '744 hours', tz - interval '1 month 1 hour', tz + interval '1 day' * 31 FROM d.days WHERE id IN (7, 8, 9, 11, 12)
SELECT id, tz + id * interval '1 day', tz - interval '1 month' * id FROM d.days
SELECT id, date_trunc('day', tz), date_trunc('hour', tz), date_trunc('month', tz), tz::date, tz::timestamp, extract(hour from tz) FROM d.days WHERE id IN (7, 8, 9, 11, 12)
SELECT TIMESTAMPTZ '2021-11-07 01:30:00', TIMESTAMPTZ '2021-03-14 02:30:00', '2021-11-07 01:30'::timestamp::timestamptz, '2021-11-07 01:30'::timestamptz
SELECT TIMESTAMP '2021-11-07 01:30' AT TIME ZONE 'America/New_York', TIMESTAMP '2021-10-31 02:30' AT TIME ZONE 'Europe/Berlin', TIMESTAMP '2021-03-28 02:30' AT TIME ZONE 'Europe/Berlin'
SELECT to_timestamp('2021-11-07 01:30', 'YYYY-MM-DD HH24:MI'), to_timestamp('2021-06-07 01:30:15.25', 'YYYY-MM-DD HH24:MI:SS.US')
SELECT * FROM generate_series(TIMESTAMPTZ '2021-03-13 00:00', TIMESTAMPTZ '2021-03-16 00:00', '1 day') g
SELECT * FROM generate_series(DATE '2021-11-06', DATE '2021-11-09', '1 day') g
SELECT * FROM generate_series(TIMESTAMPTZ '2021-11-07 00:00', TIMESTAMPTZ '2021-11-07 04:00', '1 hour') g
SELECT id, ts - interval '1 day', d::timestamptz + interval '36 hours', extract(epoch from tz - TIMESTAMPTZ '2021-03-01 00:00:00+00') FROM d.days

-- more of everything
SELECT id, id FROM d.numbers a JOIN d.words b USING (id) JOIN d.days c USING (id) WHERE id < 4 ORDER BY id
SELECT a.id, b.s, c.label FROM d.numbers a JOIN d.words b USING (id) LEFT JOIN d.days c USING (id) WHERE c.d > '2020-01-01' ORDER BY 1
SELECT * FROM d.numbers a FULL JOIN d.lists b USING (id) ORDER BY id
SELECT count(*) FROM d.sales a, d.sales b, d.regions c WHERE a.id = b.id AND b.region = c.region
SELECT a.id FROM d.sales a, d.regions b JOIN d.regions c ON b.rank = c.rank WHERE a.region = b.region ORDER BY a.id
SELECT (SELECT s.region FROM d.sales s WHERE s.id = r.rank) AS x, r.rank FROM d.regions r ORDER BY rank
SELECT region FROM d.regions r WHERE rank > (SELECT avg(rank) FROM d.regions) ORDER BY 1
SELECT region FROM d.regions r WHERE rank = (SELECT max(id) FROM d.sales s WHERE s.region = r.region) ORDER BY 1
SELECT id FROM d.sales s WHERE amount = (SELECT max(amount) FROM d.sales t WHERE t.region = s.region) ORDER BY id
SELECT id FROM d.sales WHERE (region, product) IN (SELECT region, product FROM d.sales WHERE qty > 3) ORDER BY id
SELECT id FROM d.sales WHERE region IN (SELECT region FROM d.regions WHERE rank IS NOT NULL) AND product NOT IN ('pen') ORDER BY id
SELECT id FROM d.sales WHERE region NOT IN (SELECT region FROM d.regions) ORDER BY id
SELECT id FROM d.sales WHERE NOT (region = 'north' OR qty > 3) ORDER BY id
SELECT id FROM d.sales WHERE (qty > 3) IS NOT TRUE ORDER BY id
SELECT id FROM d.sales WHERE (qty > 3) = true ORDER BY id
SELECT x.region, y.n FROM (SELECT DISTINCT region FROM d.sales) x LEFT JOIN (SELECT region, count(*) n FROM d.sales GROUP BY 1) y ON x.region IS NOT DISTINCT FROM y.region ORDER BY 1
SELECT region, product, count(*) FROM d.sales GROUP BY region, ROLLUP (product) ORDER BY 1, 2, 3
SELECT coalesce(region, 'all') AS region, sum(amount) FROM d.sales WHERE region IS NOT NULL GROUP BY ROLLUP (region) ORDER BY 2, 1
SELECT region, product, sum(qty) FROM d.sales GROUP BY GROUPING SETS ((region, product), ROLLUP (region)) ORDER BY 1, 2, 3
SELECT date_trunc('month', day)::date AS m, product, sum(sum(amount)) OVER (PARTITION BY product ORDER BY date_trunc('month', day)::date) FROM d.sales GROUP BY 1, 2 ORDER BY 2, 1
SELECT region, count(*) FILTER (WHERE product = 'pen') * 100.0 / count(*) AS pct FROM d.sales GROUP BY region ORDER BY pct DESC, region
SELECT region, sum(amount) / sum(sum(amount)) OVER () FROM d.sales GROUP BY region ORDER BY region
SELECT ntile(4) OVER (ORDER BY amount, id) AS q, id FROM d.sales ORDER BY id
SELECT id, first_value(product) OVER (PARTITION BY region ORDER BY day), last_value(product) OVER (PARTITION BY region ORDER BY day, id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM d.sales
SELECT id, sum(qty) OVER (ORDER BY id ROWS BETWEEN 1 FOLLOWING AND 3 FOLLOWING), min(qty) OVER (ORDER BY id DESC ROWS UNBOUNDED PRECEDING) FROM d.sales
SELECT id, rank() OVER w, lag(id) OVER w FROM d.sales WINDOW w AS (ORDER BY amount, id ROWS UNBOUNDED PRECEDING)
SELECT id, dense_rank() OVER (ORDER BY region), dense_rank() OVER (ORDER BY region DESC NULLS LAST), rank() OVER () FROM d.sales
SELECT id, count(*) OVER (PARTITION BY region ORDER BY amount), avg(rate) OVER (ORDER BY id ROWS 2 PRECEDING) FROM d.sales
SELECT id, stddev(qty) OVER (PARTITION BY product), corr(qty, rate) OVER (PARTITION BY product) FROM d.sales
SELECT max(id) FILTER (WHERE qty IS NULL), min(product) FILTER (WHERE false), sum(DISTINCT amount) FILTER (WHERE qty > 1) FROM d.sales
SELECT array_agg(id ORDER BY id DESC) FILTER (WHERE region = 'west'), array_agg(amount ORDER BY amount DESC NULLS LAST) FROM d.sales
SELECT string_agg(DISTINCT region, ',' ORDER BY region DESC), string_agg(id::text, '' ORDER BY id) FROM d.sales
SELECT count(*) AS n, 'total' AS label FROM d.sales UNION ALL SELECT count(*), region FROM d.sales GROUP BY region ORDER BY n DESC, label
SELECT id, sum FROM (SELECT id, sum(qty) OVER (ORDER BY id) FROM d.sales) x WHERE sum > 10 ORDER BY id
SELECT avg(x) FROM (SELECT qty::numeric / 3 AS x FROM d.sales) y
SELECT sum(qty / 2), sum(qty / 2.0), avg(qty / 2), sum(qty) / 2, sum(qty)::numeric / 7 FROM d.sales
SELECT 1 - 0.9, 0.1 + 0.2, 0.1::float8 + 0.2::float8, 3 * 0.1, 1.10 * 1.10, 2.0 / 3 * 3, 1e-5 * 1e-5, 1 / 3.0 * 100
SELECT round(1.005, 2), round(2.5), round(-2.5), round(0.5), round(1234.567, -2), round(2.675::numeric, 2), round(1.0 / 3, 4), round(100 * 1.0 / 7, 2)
SELECT 10 % 3, -10 % 3, 10 % -3, 10.5 % 3, mod(-7, 3), 5 / -2, -5 / 2, 5.0 / -2
SELECT 2147483647 + 1::bigint, 2147483648 - 1, 9223372036854775807 - 1, 100000 * 100000::bigint
SELECT i8 * 1.0 / 3, i8 / 3.0, n * n * n, k * n / 7, (n + k) * 100, n / (k + 1) FROM d.numbers WHERE id IN (1, 2, 3, 8, 9, 10)
SELECT id, n > 1.255, n = 2.350, n * 2 = 4.7, k < n, n::text = '1.25', f8 = 2.5, i4 = 7.0, i8 > 6999999999.5 FROM d.numbers
SELECT id, sqrt(n), sqrt(k * k), exp(n / 10), ln(n), log(n), power(n, 2), n ^ 2, cbrt(k) FROM d.numbers WHERE n > 0 AND id < 6
error SELECT id, round(sqrt(i4), 2), round(f8::numeric, 2), round((i4 / 3.0)::numeric, 1) FROM d.numbers WHERE i4 > 0 AND id < 4 OR id = 10 AND false
SELECT f8, f4, -f8, f8 * f4, f8 > f4, greatest(f8, f4), abs(f4) FROM d.numbers WHERE id IN (1, 2, 5, 9)
SELECT id, ceil(k), floor(k), round(k), round(k, 2), trunc(k), k::int8 FROM d.numbers WHERE id NOT IN (6, 7)
SELECT (1 + 2) * 3, 1 + 2 * 3, -(-3), - -3, 2 - -2, NOT (1 > 2), (1 > 2) = false, 7 - 3 - 2, 100 / 10 / 2, 2 ^ 3 ^ 2
SELECT 'a' || 'b' || NULL, 'a' || 1 || true, 1 || 'x', 'n: ' || 1.50, 'd: ' || DATE '2020-01-02', 't: ' || TIMESTAMP '2020-01-02 03:04:05'
SELECT concat('a', 1, true, NULL, 2.50, DATE '2020-01-01'), concat(NULL), concat_ws(',', 'a', NULL, 1, 'b'), concat_ws(NULL, 'a', 'b')
SELECT id, s LIKE 'a%', s NOT LIKE '%e%', s ILIKE 'B%', s LIKE '', s LIKE '%', s LIKE '%\_%' FROM d.words
SELECT id, s ~ '^[[:space:]]', s ~ '[a-c]{2,}', s ~ '(^|,)b', s ~ 'z$', s ~ '^$', s ~ '\(', s ~ '[\\]' FROM d.words
SELECT regexp_replace('a1b22c333', '[0-9]+', '#'), regexp_replace('a1b22c333', '[0-9]+', '#', 'g'), regexp_replace('John Smith', '(\w+) (\w+)', '\2, \1'), regexp_replace('aaa', '^a', 'b', 'g')
SELECT substring('foobar' from 'o.b'), substring('foobar' from 'o(.)b'), substring('foobar' from 'x'), substring('2021-03-04' from '^\d{4}'), regexp_substr('a,b', '[^,]+')
SELECT upper('i'), lower('I'), upper('é'), length('😀'), reverse('ab😀'), left('😀x', 1), substr('日本語', 2, 1), lpad('日', 3, '本'), position('本' in '日本語'), strpos('a😀b', 'b')
SELECT split_part('a|b|c', '|', 2), split_part('a.b.c', '.', -1), split_part('abc', 'x', 1), translate('12345', '143', 'ax'), replace('aaa', 'aa', 'b'), trim('  x '), btrim('xyxtrimyyx', 'xyz')
SELECT d, to_char(d, 'YYYY-"W"IW'), to_char(d, 'FMMM/FMDD/YYYY'), to_char(d, 'Q'), to_char(d, 'yyyy-mm-dd'), to_char(d, 'DY dy MONTH month') FROM d.days
SELECT ts, to_char(ts, 'HH:MI am'), to_char(ts, 'HH12 PM'), to_char(ts, 'FMHH24:MI'), to_char(ts, '[YYYY/MM/DD] HH24.MI.SS,MS'), to_char(tz, 'YYYY-MM-DD HH24:MI:SS.US') FROM d.days
SELECT date_part('year', d), date_part('dow', d), date_part('epoch', ts), date_part('hour', tz) FROM d.days
SELECT extract(day from d - interval '1 day'), extract(year from now()) > 2000, extract(month from DATE '2021-05-06'), extract(hour from TIMESTAMP '2021-05-06 07:08:09') FROM d.days WHERE id = 1
SELECT DATE '2021-01-31' + interval '1 month', DATE '2020-02-29' + interval '1 year', DATE '2021-03-31' - interval '1 month', TIMESTAMP '2021-01-31 10:00' + interval '1 month 1 day -2 hours'
SELECT DATE '2021-03-01' - DATE '2021-02-01', DATE '2021-03-01' - 1, DATE '2021-03-01' - interval '1 day', TIMESTAMP '2021-03-01' - DATE '2021-02-01', DATE '2021-03-01' - '2021-02-01'
SELECT interval '1 day' * 2, 3 * interval '1 hour', interval '1 day' + interval '2 hours', - interval '1 day', interval '90 minutes', interval '2 weeks'
SELECT count(*) FROM d.days WHERE ts > now() - interval '100 years' AND d <= current_date AND tz < current_timestamp
SELECT count(*) FROM d.days WHERE ts >= date_trunc('year', TIMESTAMP '2021-05-05') AND ts < date_trunc('year', TIMESTAMP '2021-05-05') + interval '1 year'
SELECT d::text || 'x', ts::text, (d + 1)::text, d::timestamp::text FROM d.days
SELECT ('2021-01-0' || id)::date, ('2021-01-0' || id || ' 10:00')::timestamp FROM d.days WHERE id < 9
SELECT id, n::int, f8::int, i4::int2, ok::int, i8::text::int8, n::varchar(3), i4::bool FROM d.numbers WHERE id < 5
SELECT CAST('1,2' AS text), CAST(1 AS varchar(5)), CAST(NULL AS date), CAST(NULL AS numeric), '{a,b}'::text[], ARRAY[1,2]::int8[], '{}'::int[]
SELECT * FROM (VALUES (1, 'one', 1.5), (2, 'two', 2), (3, NULL, NULL)) AS v (a, b, c) WHERE c IS NULL OR c > 1.5 ORDER BY a
SELECT v.a, count(s.id) FROM (VALUES ('north'), ('east'), ('nowhere')) v(a) LEFT JOIN d.sales s ON s.region = v.a GROUP BY v.a ORDER BY v.a
SELECT * FROM (SELECT 1 AS a, 2 AS b) x CROSS JOIN (SELECT 3 AS a) y
SELECT x.a, y.a FROM (SELECT 1 AS a) x, (SELECT 2 AS a) y
SELECT "a b", "Id" FROM d."Mixed" WHERE "CamelCase" = 'x'
SELECT "Id" AS id, "Id" + 1 AS "ID plus" FROM d."Mixed" ORDER BY "ID plus" DESC
WITH "Quoted" AS (SELECT 1 AS "X") SELECT "X", "Quoted"."X" + 1 FROM "Quoted"
WITH t(a, b) AS (VALUES (1, 'x'), (2, 'y')) SELECT a, b FROM t WHERE a > 1
WITH RECURSIVE tree(id, up, depth) AS (SELECT 1, NULL::int, 0 UNION ALL SELECT id + 1, id, depth + 1 FROM tree WHERE depth < 6) SELECT max(depth), count(*), sum(up) FROM tree
WITH a AS (SELECT region, count(*) AS n FROM d.sales GROUP BY region), b AS (SELECT max(n) AS top FROM a) SELECT a.region FROM a, b WHERE a.n = b.top ORDER BY 1
SELECT (SELECT count(*) FROM (SELECT DISTINCT region FROM d.sales) x) AS regions, (SELECT max(amount) FROM d.sales WHERE region = 'west') AS top
SELECT id, (SELECT string_agg(r.country, ',' ORDER BY r.country) FROM d.regions r WHERE r.region = s.region) AS countries FROM d.sales s ORDER BY id
SELECT r.region, t.* FROM d.regions r CROSS JOIN LATERAL (SELECT id, amount FROM d.sales s WHERE s.region = r.region ORDER BY amount DESC NULLS LAST, id LIMIT 2) t ORDER BY 1, 2
SELECT DISTINCT ON (region) id, region, day FROM d.sales WHERE region IS NOT NULL ORDER BY region, day DESC NULLS LAST, id
SELECT DISTINCT ON (region) region, count(*) FROM d.sales GROUP BY region, product ORDER BY region, count(*) DESC
SELECT DISTINCT qty FROM d.sales ORDER BY qty DESC NULLS LAST LIMIT 3
SELECT region, qty FROM d.sales ORDER BY region DESC NULLS LAST, qty NULLS FIRST, id
SELECT id FROM d.sales ORDER BY CASE WHEN region = 'west' THEN 0 ELSE 1 END, amount DESC, id
SELECT region FROM d.sales GROUP BY region ORDER BY count(*) DESC, region LIMIT 2
SELECT region, sum(amount) AS total FROM d.sales GROUP BY 1 ORDER BY total DESC NULLS LAST, 1 LIMIT 3 OFFSET 1
SELECT upper(region) AS region FROM d.sales GROUP BY region ORDER BY region
SELECT length(product) AS product, count(*) FROM d.sales GROUP BY product ORDER BY 1, 2
SELECT a.region AS r FROM d.sales a GROUP BY a.region HAVING count(*) > 1 AND a.region > 'n' ORDER BY a.region
SELECT id, ints[1] + ints[2], ints[id], (words)[2] FROM d.lists
SELECT id, array_length(words, 1) > 1, cardinality(ints) + 1, ints[1] IS NULL, ARRAY[id, 2] FROM d.lists
SELECT id, ints = ints, ints = '{5,NULL,7}', ints <> ARRAY[1], words = ARRAY['a', 'b'] FROM d.lists
SELECT sum(x) FROM d.lists, unnest(ints) u(x) WHERE x > 1
SELECT x, count(*) FROM d.lists CROSS JOIN LATERAL unnest(words) AS t(x) GROUP BY x ORDER BY x
SELECT ok, bool_and(i4 > 0), bool_or(i4 > 0), sum(CASE WHEN ok THEN 1 ELSE 0 END), count(nullif(ok, false)) FROM d.numbers GROUP BY ok ORDER BY ok
SELECT id FROM d.numbers WHERE ok ORDER BY ok, id
SELECT id FROM d.numbers WHERE NOT ok OR ok IS NULL ORDER BY id
SELECT id, 'x' IN ('x', NULL), NULL IN (1), 1 IN (NULL), 1 NOT IN (2, NULL) FROM d.numbers WHERE id = 1
SELECT count(*) FROM d.words WHERE s = '' OR s IS NULL
SELECT length(s) AS n, string_agg(s, '|' ORDER BY s) FROM d.words GROUP BY length(s) HAVING length(s) < 6 ORDER BY n
error SELECT length(1)
error SELECT upper(i4) FROM d.numbers
error SELECT i4 || i8 FROM d.numbers
error SELECT substr(s, 1.5) FROM d.words
error SELECT date_trunc('month', s) FROM d.words
error SELECT extract(year from s) FROM d.words
error SELECT * FROM d.numbers ORDER BY nosuch
error SELECT region FROM d.sales GROUP BY product
error SELECT id FROM d.sales HAVING id > 1
error SELECT sum(qty) OVER (ORDER BY sum) FROM d.sales
error SELECT x.* FROM d.sales
error SELECT 1 WHERE 'x'
error SELECT (SELECT id FROM d.numbers)
error SELECT (SELECT id, i4 FROM d.numbers LIMIT 1)
error SELECT * FROM d.numbers a JOIN d.words a ON true
error SELECT id FROM d.numbers NATURAL JOIN nosuch
error SELECT nosuchfunction(1)
error SELECT interval 'x'
error SELECT 'x'::timestamp
error SELECT s::date FROM d.words
error SELECT s::int FROM d.words
error SELECT s::bool FROM d.words
error SELECT s ~ '[' FROM d.words
error SELECT s ~ 'a**' FROM d.words
error SELECT s LIKE 'a\' FROM d.words
error SELECT ARRAY[]
error SELECT d LIKE '2020%' FROM d.days
error SELECT d = 5 FROM d.days
error SELECT ts = 'yesterday-ish' FROM d.days
error SELECT i4 = 'abc' FROM d.numbers
error SELECT ok = 1 FROM d.numbers
error SELECT ok + 1 FROM d.numbers
error SELECT count(*, 1) FROM d.numbers
error SELECT avg(d) FROM d.days
error SELECT sum(d) FROM d.days
error SELECT max(ints) + 1 FROM d.lists
error SELECT region FROM d.sales UNION SELECT id FROM d.sales
error SELECT 1 ORDER BY 5
error SELECT DISTINCT ON (region) region FROM d.sales ORDER BY product
error SELECT id FROM d.sales LIMIT -1
error SELECT lag(qty) FROM d.sales
error SELECT rank() OVER (ORDER BY nosuch) FROM d.sales

-- constants keep their own scale beside a column
SELECT id, n < '1.255', n = '1.254', n > 1.2549, n + '0.005', coalesce(n, '0.125'), CASE WHEN id = 1 THEN n ELSE '9.999' END, n IN ('1.250', '2.3501'), greatest(n, '1.255'), nullif(n, '1.25') FROM d.numbers WHERE id < 6
SELECT * FROM (VALUES (1.5), ('2.125'), (3)) v(x)
SELECT n FROM d.numbers WHERE n BETWEEN '1.2449' AND '2.3549' ORDER BY n
SELECT i4 FROM d.numbers WHERE i4 < 2.5 AND i4 > '1'::numeric - 0.5 ORDER BY 1

-- parameters as they arrive: typed constants
SELECT date_trunc('month'::text, ts), to_char(ts, 'YYYY'::varchar), extract(year from ts), s ~ '^a'::text, round(1.255, 2::int) FROM d.days JOIN d.words USING (id)
SELECT id FROM d.numbers WHERE i4 = '7'::int8 OR n > '99.5'::numeric OR f8 < '0'::float8 ORDER BY id LIMIT '3'::int8 OFFSET '1'::int8
SELECT date_trunc(NULL::text, ts), ts + NULL::interval, s ~ NULL::text, round(1.5, NULL::int), lag(s, NULL::int) OVER (ORDER BY id), to_char(ts, NULL::text), ts AT TIME ZONE NULL::text, regexp_replace(s, NULL::text, 'x') FROM d.days JOIN d.words USING (id)
SELECT percentile_cont('0.5'::float8) WITHIN GROUP (ORDER BY qty), percentile_cont(NULL::float8) WITHIN GROUP (ORDER BY qty), string_agg(product, ','::text ORDER BY id) FROM d.sales
SELECT 'x' = ANY (ARRAY['x'::text, NULL]), 5 = ANY ('{5,6}'::int[]), ts + '1 day'::interval, d - '2021-01-01'::date FROM d.days WHERE id = 2

-- names that mean two things, and precision that runs out
SELECT id, (n / 3) * 3, round(n / 3 * 100, 4), n / 7 / 7 / 7, k * k * k FROM d.numbers WHERE id IN (1,2,3,8,9,10)
SELECT sum(n) * sum(k), sum(n) / sum(k), avg(n) / avg(k), avg(n) * 100, avg(k) - avg(n), sum(i8) + avg(n), sum(n) % 7 FROM d.numbers WHERE id IN (1,2,3,8,9,10)
SELECT CASE WHEN avg(n) > 0 THEN avg(n) ELSE sum(i8) END, coalesce(avg(i4), sum(i8)), greatest(avg(n), sum(i8)) FROM d.numbers WHERE id IN (1,2,3,8,9,10)
SELECT avg(n) AS v FROM d.numbers WHERE id IN (1,2,3) UNION ALL SELECT sum(i8) FROM d.numbers WHERE id IN (1,2,3) ORDER BY v
SELECT avg(n) = sum(i8), avg(n) > sum(i8), avg(n) IN (sum(i8), 1) FROM d.numbers WHERE id IN (1,2,3)
SELECT 0.000001 * 0.000001 * 0.000001, 123456789.123456789 * 987654321.987654321, 1e20 * 1e10, 1e-15 / 3, 5 / 1e10
SELECT a.id FROM d.sales a LEFT JOIN d.regions b ON a.region = b.region AND b.rank > 1 WHERE b.region IS NULL ORDER BY 1
SELECT upper(region) AS product, product AS region FROM d.sales ORDER BY product, region, id
SELECT region AS product FROM d.sales GROUP BY product, region ORDER BY product, 1
SELECT qty AS id, count(*) FROM d.sales GROUP BY id, qty HAVING id > 3 ORDER BY id
SELECT sum(qty) AS amount FROM d.sales GROUP BY region HAVING sum(amount) > 10 ORDER BY amount
SELECT max(qty) AS id FROM d.sales GROUP BY region ORDER BY max(id)
SELECT s.id AS region, (SELECT r.country FROM d.regions r WHERE r.region = s.region) FROM d.sales s ORDER BY region
SELECT x.id FROM (SELECT id, row_number() OVER (ORDER BY amount DESC NULLS LAST, id) AS region FROM d.sales) x WHERE x.region <= 3 ORDER BY region
SELECT (SELECT count(*) FROM d.sales WHERE region = r.region AND qty > rank) FROM d.regions r ORDER BY 1
SELECT region, (SELECT sum(qty) FROM d.sales s2 WHERE s2.region = d.sales.region) FROM d.sales ORDER BY id
SELECT DISTINCT lower(region) AS region FROM d.sales ORDER BY region
SELECT DISTINCT upper(region), region FROM d.sales ORDER BY region
SELECT count(*) FROM (SELECT DISTINCT region, qty FROM d.sales) x
SELECT 1 AS x ORDER BY x
SELECT -i4 AS i4, i4 AS neg FROM d.numbers WHERE i4 IS NOT NULL AND id < 6 ORDER BY i4
SELECT id FROM d.sales WHERE NOT EXISTS (SELECT 1 FROM d.regions r WHERE r.region = sales.region) ORDER BY id
SELECT id, sum(qty) OVER (PARTITION BY region ORDER BY id) AS qty FROM d.sales ORDER BY qty, id
SELECT region, sum(qty) FROM d.sales GROUP BY region HAVING NOT (sum(qty) > 5) OR region IS NULL ORDER BY region
SELECT nullif(qty, 0), 10 / nullif(qty, 0), qty / nullif(qty, 0) FROM d.sales ORDER BY id
SELECT 'abc' LIKE 'a_c', 'a_c' LIKE 'a\_c', 'abc' LIKE 'a\_c', 'a%c' LIKE 'a\%c', '' LIKE '%', 'ABC' ILIKE 'a%', E'a\nb' LIKE 'a_b', E'a\nb' LIKE 'a%'
SELECT s, s ~ '[^a-z]', s ~ '^[[:alpha:]]+$', s ~* '^[A-E]', s ~ '\S', s ~ '\D', s ~ '\W', s ~ '.' FROM d.words
SELECT s, regexp_replace(s, '[aeiou]', '', 'g'), regexp_replace(s, '(\w)(\w*)', '\2\1'), regexp_replace(s, '[^a-z]', '$', 'g'), regexp_replace(s, '.', '\\', 'g'), regexp_replace(s, 'a?b', '<\&>') FROM d.words
SELECT s, substring(s from 'a?[a-b]b?'), substring(s from '[a-z]*[0-9]'), substring(s from '(\d+)[a-z]'), substring(s from '.{3}$'), substring(s from '^.*(.)$') FROM d.words
SELECT to_char(TIMESTAMP '2021-01-01 00:00:00', 'HH12:MI:SS AM'), to_char(TIMESTAMP '2021-01-01 12:00:00', 'HH12:MI:SS PM'), to_char(TIMESTAMP '2021-01-01 13:05:09.007', 'HH24MISSMS US')
SELECT extract(week from DATE '2021-01-03'), extract(isoyear from DATE '2021-01-03'), extract(dow from DATE '2021-01-03'), extract(isodow from DATE '2021-01-03'), extract(century from DATE '2000-12-31'), extract(century from DATE '2001-01-01'), extract(millennium from DATE '2001-01-01'), extract(decade from DATE '1999-01-01')
SELECT max(s), min(s), max(d), max(ts), min(tz) FROM d.words JOIN d.days USING (id)
SELECT mod(i8, 7), i8 % -7, div(i8, 7), i8 / 7 FROM d.numbers WHERE id IN (1, 2, 6, 7)
SELECT (i2 + i4)::int2, i2 - i8, i2::numeric / 3, i2 * 1.5 FROM d.numbers WHERE id IN (1,2,3)
SELECT 'a' < 'b', 'Z' < 'a', 'ä' > 'z', '10' < '9', 'a' = 'A', '' < 'a', 'a ' > 'a'
SELECT array_agg(x ORDER BY x DESC) FROM (SELECT DISTINCT region AS x FROM d.sales) y
SELECT region, array_agg(DISTINCT product ORDER BY product), count(DISTINCT product) FROM d.sales GROUP BY region ORDER BY region
SELECT * FROM d.regions r1 JOIN d.regions r2 ON (r1.region, r1.rank) = (r2.region, r2.rank) ORDER BY r1.rank
SELECT id FROM d.sales WHERE (region, qty) < ('north', 3) ORDER BY id
SELECT coalesce(region, product, 'none') FROM d.sales ORDER BY 1, id
SELECT id, CASE region WHEN 'north' THEN 1 WHEN 'south' THEN 2.5 ELSE NULL END AS v, CASE WHEN qty IS NULL THEN 'x' WHEN qty > 3 THEN region END FROM d.sales ORDER BY v, id
SELECT bool_and(qty > 0) FILTER (WHERE region = 'nowhere'), count(*) FILTER (WHERE NULL), sum(qty) FILTER (WHERE qty > 100) FROM d.sales
SELECT sum(CASE WHEN qty > 3 THEN 1.5 END), avg(CASE WHEN qty > 3 THEN qty END), count(CASE WHEN qty > 3 THEN 1 END) FROM d.sales
