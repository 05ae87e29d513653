-- family: Edge cases
-- initcap of odd words | initcap
SELECT id, word, initcap(word), initcap(short) FROM clients.kinds ORDER BY id;
-- initcap of a sentence | initcap
SELECT initcap('hello wORLD-foo_bar 2nd o''neil ÉCOLE éa'), initcap(''), id FROM clients.kinds WHERE id=1;
-- texts split | string_to_array
SELECT string_to_array(word, 'x'), string_to_array('', ','), string_to_array('a,,b,', ','), string_to_array('a.b', '.'), string_to_array('a|b', '|', 'a'), id FROM clients.kinds ORDER BY id;
-- texts split by a pattern | regexp_split_to_array
SELECT regexp_split_to_array('a1b22c', '[0-9]+'), regexp_split_to_array('1a1', '1'), id FROM clients.kinds WHERE id = 1;
-- containment with NULLs | array operators
SELECT id, numbers @> '{1}', numbers @> '{NULL}', '{}' <@ numbers, numbers && '{NULL,-1}', numbers && '{}' FROM clients.kinds ORDER BY id;
-- arrays appended | array operators
SELECT id, numbers || NULL::int[], numbers || '{7}', 7 || numbers, array_remove(numbers, NULL), array_append(numbers, NULL) FROM clients.kinds ORDER BY id;
-- comparisons with elements | op ANY/ALL(array)
SELECT id, 5 > ALL (numbers), 5 > ANY (numbers), number < ANY (numbers), word LIKE ANY (words), word NOT LIKE ALL (words) FROM clients.kinds WHERE id <> 2 ORDER BY id;
-- shifts and hex | <<, >>
SELECT id, number << 1, big >> 3, to_hex(number), to_hex(big), small::int << 31 FROM clients.kinds ORDER BY id;
-- truncation to the left of the point | trunc
SELECT id, trunc(amount, -1), trunc(amount, 1), trunc(number, -2), trunc(-1234.567, -2), trunc(1234.567, 5) FROM clients.kinds ORDER BY id;
-- numbers in templates | to_char of numbers
SELECT id, to_char(amount, '999,999,990.99'), to_char(amount, 'FM999999999.00'), to_char(number, '9,999,999,999'), to_char(small, '00000'), to_char(amount, '99.9'), to_char(-amount, 'FM99.9') FROM clients.kinds ORDER BY id;
-- templates at their edges | to_char of numbers
SELECT to_char(-0.4, '9'), to_char(0.4, '9'), to_char(0.4, 'FM9'), to_char(0, 'FM9.9'), to_char(0.1,'FM9.99'), to_char(-0.1,'FM9.99'), to_char(1,'9.'), to_char(1,'FM9.'), to_char(1000000, '9,999,999'), to_char(100, '0,000'), to_char(5, '0009'), to_char(5,'9900'), to_char(1.005, '9.99'), to_char(999.999,'999.99'), id FROM clients.kinds WHERE id = 1;
-- literals in templates | to_char of numbers
SELECT to_char(12, '99%'), to_char(12, '$99'), to_char(-12, '$999'), to_char(12, '99 %'), to_char(1234.5678, 'FM9,999.99'), to_char(1234.5, 'FM9,990.009'), id FROM clients.kinds WHERE id = 1;
-- ages of odd days | extract from age
SELECT id, extract(year FROM age(day, '2000-02-29'::date)), extract(month FROM age(moment, '1999-12-31 10:00'::timestamp)), extract(year FROM age('2000-02-29'::date, day)) FROM clients.kinds WHERE id IN (1,3,5) ORDER BY id;
-- ages around the end of February | extract from age
SELECT extract(month FROM age('2024-02-29'::date, '2023-03-31'::date)), extract(month FROM age('2023-03-31'::date,'2024-02-29'::date)), extract(year FROM age('2024-02-28'::date,'2000-02-29'::date)), id FROM clients.kinds WHERE id = 1;
-- fractions of intervals added | computed intervals
SELECT moment + INTERVAL '1 day' * 1.5, moment - INTERVAL '1 hour' / 3, moment + 0.1 * INTERVAL '1 second', id FROM clients.kinds WHERE id IN (1, 5) ORDER BY id;
-- truncation in other zones | date_trunc in a zone
SELECT date_trunc('month', instant, 'America/Los_Angeles'), date_trunc('week', instant, 'UTC'), timezone('Asia/Tokyo', instant), timezone('Asia/Tokyo', moment), id FROM clients.kinds WHERE id IN (1,5) ORDER BY id;
-- logarithms to a base | log
SELECT log(2.0, 8), log(id::numeric + 1, 100.0), id FROM clients.kinds ORDER BY id;
-- format at its edges | format
SELECT id, format('%s|%s', word, number), format('%%%s', NULL), format('x') FROM clients.kinds ORDER BY id;
-- lists sorted both ways | array_agg
SELECT array_agg(number ORDER BY flag DESC, number DESC NULLS LAST), array_agg(DISTINCT flag) FROM clients.kinds;
-- the first of a list sorted both ways | array_agg
SELECT (array_agg(word ORDER BY day DESC NULLS LAST, id))[1], array_agg(word ORDER BY day NULLS FIRST, id DESC) FROM clients.kinds;
-- ranges around a key | RANGE frames with an offset
SELECT id, sum(id) OVER (ORDER BY id DESC RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING), count(*) OVER (ORDER BY day RANGE BETWEEN '10 days'::interval PRECEDING AND CURRENT ROW), count(*) OVER (ORDER BY number RANGE BETWEEN 5 PRECEDING AND 5 FOLLOWING) FROM clients.kinds ORDER BY id;
-- lists in windows | string_agg with OVER
SELECT id, string_agg(word, '|') OVER (ORDER BY id), array_agg(number) OVER (ORDER BY id ROWS 1 PRECEDING) FROM clients.kinds ORDER BY id;
-- regular expressions with constraints | word boundaries in regular expressions
SELECT word ~ '(?i)PLAIN', word ~ '\mpl', word ~ 'in\M', word ~ '\yslash\y', word ~ 'a(?=\\)', word ~ '^.{2,3}?ck', id FROM clients.kinds ORDER BY id;
-- ordered by a window over groups | ORDER BY a window function
SELECT flag, max(id) FROM clients.kinds GROUP BY flag ORDER BY sum(max(id)) OVER (ORDER BY max(id)), 1;
-- ordered by a window | ORDER BY a window function
SELECT id, row_number() OVER (ORDER BY id DESC) AS r FROM clients.kinds ORDER BY row_number() OVER (ORDER BY id DESC) LIMIT 2;
-- a star ordered by a window | ORDER BY a window function
SELECT * FROM clients.kinds k ORDER BY row_number() OVER (ORDER BY id DESC) LIMIT 1;
-- rows counted | count of rows
SELECT count(DISTINCT (flag, number)), count((flag, number)), count(DISTINCT flag) FROM clients.kinds;
-- rows and NULL | IS NULL of rows
SELECT id, (flag, number) IS NULL, (flag, number) IS NOT NULL, NOT (flag, number) IS NULL, (flag, NULL) IS NOT NULL, (id, number) IS DISTINCT FROM (1, 3), (id, number) IS NOT DISTINCT FROM (4, NULL) FROM clients.kinds ORDER BY id;
-- casts as calls | casts by function syntax
SELECT date('2020-01-01'), int4(2.7), int8('5'), text(id), float8(3), bool('t'), id FROM clients.kinds WHERE id = 1;
-- the current schema | session functions
SELECT current_schema(), current_schema, id FROM clients.kinds WHERE id = 1;
-- lateral values of two types | LATERAL VALUES
SELECT k.id, v.* FROM clients.kinds k, LATERAL (VALUES (k.small, 1), (k.big, 2)) v(a, b) ORDER BY 1, 3;
-- rows of a split text | string_to_table
SELECT x, count(*) FROM clients.kinds, string_to_table(word, ' ') AS x GROUP BY 1 ORDER BY 1;
-- intervals in other spellings | interval constants
SELECT INTERVAL '10', INTERVAL 'PT1.5S', INTERVAL 'P1Y2M', INTERVAL '1 year - 2 months', INTERVAL '1 day + 2 hours', id FROM clients.kinds WHERE id = 1;
-- digests | sha224, sha512
SELECT encode(sha512(convert_to(word,'UTF8')),'hex'), sha224(bytes), id FROM clients.kinds ORDER BY id;
-- fields and NULL counts | isfinite
SELECT isfinite(day), isfinite(instant), extract(second FROM span), num_nonnulls(day, flag), id FROM clients.kinds ORDER BY id;
-- LIKE without an escape | LIKE with ESCAPE
SELECT title LIKE '%100\%%' ESCAPE '', title LIKE 'A_p%' ESCAPE '' FROM patent ORDER BY patent_id LIMIT 3;
-- refused: more than a day of hours | intervals of more than 24 hours
SELECT INTERVAL '27 hours', id FROM clients.kinds;
-- refused: hours by a column | an interval multiplied by a column
SELECT INTERVAL '12 hours' * id FROM clients.kinds;
-- fractions of intervals | interval arithmetic
SELECT INTERVAL '1 day' * 1.5, INTERVAL '3 days' / 2, INTERVAL '1 hour' * 0.5, 2.5 * INTERVAL '2 days', extract(epoch FROM INTERVAL '27 hours'), moment + INTERVAL '27 hours', id FROM clients.kinds WHERE id = 1;
-- noughts in templates | to_char of numbers
SELECT to_char(0.04, 'FM9.9'), to_char(0, 'FM9.99'), to_char(0, 'FM9.90'), to_char(0,'FM0.99'), to_char(10, 'FM9.9'), to_char(0.5, 'FM9.9'), to_char(0, '9.9'), to_char(0, 'FM9,999.99'), id FROM clients.kinds WHERE id = 1;
-- patterns from a column | LIKE
SELECT id, word LIKE short, short LIKE word, word LIKE word FROM clients.kinds ORDER BY id;
