-- family: Conditions, NULL and casts
-- searched case | CASE
SELECT patent_id, CASE WHEN num_claims > 20 THEN 'a' WHEN num_claims > 10 THEN 'b' END, CASE WHEN num_claims IS NULL THEN 0 ELSE num_claims * 1.5 END, CASE kind WHEN 'B1' THEN 1 WHEN 'B2' THEN 2 ELSE 0 END FROM patent ORDER BY patent_id LIMIT 30;
-- case of mixed numbers | CASE
SELECT CASE WHEN id = 1 THEN 1 ELSE 2.5 END, CASE WHEN id = 1 THEN number ELSE double END, CASE WHEN id = 1 THEN NULL ELSE 'x' END, CASE WHEN id > 2 THEN big ELSE small END FROM clients.kinds ORDER BY id;
-- case over a boolean | CASE
SELECT CASE is_first WHEN true THEN 'first' WHEN false THEN 'other' ELSE 'unknown' END AS w, count(*) FROM cpc GROUP BY 1 ORDER BY 1;
-- coalesce and nullif | COALESCE, NULLIF
SELECT patent_id, coalesce(num_claims, 0), coalesce(kind, patent_type, 'none'), nullif(kind, 'B2'), nullif(num_claims, 20), coalesce(grant_date, grant_date_from), coalesce(num_claims, 0.5) FROM patent ORDER BY patent_id LIMIT 30;
-- nulls in arithmetic | NULL
SELECT num_claims + NULL, NULL || 'x', NULL = NULL, NULL IS NULL, num_claims IS NOT NULL, NULL AND false, NULL OR true, NOT NULL FROM patent ORDER BY patent_id LIMIT 3;
-- null-safe comparisons | IS DISTINCT FROM
SELECT count(*) FILTER (WHERE kind IS DISTINCT FROM 'B2'), count(*) FILTER (WHERE kind IS NOT DISTINCT FROM NULL), count(*) FILTER (WHERE kind <> 'B2') FROM patent;
-- null-safe comparison of rows | IS DISTINCT FROM of rows
SELECT count(*) FROM patent WHERE (kind, source) IS DISTINCT FROM ('B2', 'nvidia');
-- IS TRUE and its kin | IS TRUE, IS UNKNOWN
SELECT count(*) FILTER (WHERE is_first IS TRUE), count(*) FILTER (WHERE is_first IS NOT TRUE), count(*) FILTER (WHERE is_first IS UNKNOWN), count(*) FILTER (WHERE NOT is_first), count(*) FILTER (WHERE is_first = false), count(*) FILTER (WHERE is_first <> true) FROM cpc;
-- ISNULL and NOTNULL | IS TRUE, IS UNKNOWN
SELECT count(*) FROM patent WHERE kind NOTNULL AND num_claims ISNULL;
-- row is null | IS NULL of rows
SELECT count(*) FROM patent WHERE (kind, num_claims) IS NULL;
-- between | BETWEEN
SELECT count(*) FILTER (WHERE num_claims BETWEEN 10 AND 20), count(*) FILTER (WHERE num_claims NOT BETWEEN 10 AND 20), count(*) FILTER (WHERE num_claims BETWEEN SYMMETRIC 20 AND 10), count(*) FILTER (WHERE grant_date BETWEEN '2010-01-01' AND '2010-12-31') FROM patent;
-- in lists | IN
SELECT count(*) FILTER (WHERE kind IN ('B1', 'B2')), count(*) FILTER (WHERE kind NOT IN ('B1')), count(*) FILTER (WHERE grant_year IN (2001, 2002, 2003.0)), count(*) FILTER (WHERE kind IN ('B1', NULL)) FROM patent;
-- any of an array | = ANY(array)
SELECT count(*) FROM patent WHERE kind = ANY (ARRAY['B1', 'S1']) OR grant_year = ANY ('{1998,1999}'::int[]);
-- all of an array | op ANY/ALL(array)
SELECT count(*) FROM patent WHERE num_claims > ALL (ARRAY[10, 20]) OR num_claims < ANY (ARRAY[2, 3]) OR grant_year <> ALL ('{2001,2002}');
-- row comparisons | row comparisons
SELECT count(*) FROM patent WHERE (grant_year, patent_id) > (2010, '8') AND (source, kind) = ('nvidia', 'B2');
-- keyset pagination | row comparisons
SELECT grant_year, patent_id FROM patent WHERE (grant_year, patent_id) < (2004, '68') ORDER BY grant_year DESC, patent_id DESC LIMIT 10;
-- rows in a list | rows in IN
SELECT count(*) FROM patent WHERE (source, grant_year) IN (('nvidia', 2003), ('apple', 2010));
-- booleans as values | booleans
SELECT is_first, NOT is_first, is_first AND true, is_first OR NULL, sequence > 3 AS late, (sequence > 3) = is_first FROM cpc ORDER BY patent_id, cpc_code LIMIT 20;
-- booleans by themselves | booleans
SELECT count(*) FROM cpc WHERE is_first AND NOT sequence > 2;
-- boolean constants | booleans
SELECT true, false, 't'::boolean, 'no'::boolean, 1::boolean, true::int, true::text, id FROM clients.kinds WHERE id = 1;
-- where true and false | WHERE of a constant
SELECT count(*) FROM patent WHERE true AND 1 = 1;
-- precedence of AND and OR | booleans
SELECT count(*) FROM patent WHERE kind = 'B1' OR kind = 'B2' AND grant_year > 2010 AND NOT (source = 'apple' OR source = 'soc');
-- casts between numbers | casts
SELECT grant_year::text, grant_year::bigint, grant_year::smallint, grant_year::numeric(6,1), grant_year::float8, grant_year::real, CAST(grant_year AS varchar(3)), CAST(num_claims AS decimal) FROM patent ORDER BY patent_id LIMIT 10;
-- casts that round | casts
SELECT 2.5::int, 3.5::int, -2.5::int, (2.5::float8)::int, (3.5::float8)::int, 1.005::numeric(5,2), '12'::int, '1.5'::float8, ' 7 '::int, id FROM clients.kinds WHERE id = 1;
-- casts of text | casts
SELECT '2020-01-02'::date, '2020-01-02 03:04'::timestamp, '12.50'::numeric, 'abc'::char(2), 'abcdef'::varchar(3), 'x'::text, '{1,2}'::int[], '1 day'::interval, '00010'::int, id FROM clients.kinds WHERE id = 1;
-- casts to text and back | casts
SELECT p.patent_id::bigint AS n, (p.patent_id::bigint)::text AS t, left(p.patent_id, 3)::int AS l FROM patent p WHERE patent_id ~ '^[0-9]+$' ORDER BY p.patent_id LIMIT 10;
-- casts by function syntax | casts by function syntax
SELECT int4(2.7), text(5), float8(3), date('2020-01-01'), id FROM clients.kinds WHERE id = 1;
-- refused: casts to name and oid types | casts to other types
SELECT patent_id::name FROM patent ORDER BY patent_id LIMIT 3;
-- refused: casts to uuid | uuid
SELECT 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, id FROM clients.kinds WHERE id = 1;
-- typed literals | typed literals
SELECT DATE '2020-02-29', TIMESTAMP '2020-02-29 12:00', TIMESTAMPTZ '2020-02-29 12:00+02', INTERVAL '1 day', BOOLEAN 'true', NUMERIC '1.50', TEXT 'x', id FROM clients.kinds WHERE id = 1;
-- output names of expressions | names of columns
SELECT count(*), max(grant_year), 1 + 1, grant_year::text, upper(kind), coalesce(kind, ''), CASE WHEN true THEN 1 END, 'x', now() IS NULL, extract(year FROM grant_date), EXISTS (SELECT 1), ARRAY[1], (SELECT 2), kind IS NULL FROM patent GROUP BY grant_year, kind, grant_date ORDER BY grant_date, kind, grant_year LIMIT 1;
-- names that need quotes | names of columns
SELECT number AS "Order", big AS "select", small AS "With ""quotes""", double AS "Ünïcode", word AS CamelCase, flag AS "a.b", amount AS "sum(x)", id AS "$1" FROM clients.kinds WHERE id = 1;
-- one name three times | names of columns
SELECT id AS x, id + 1 AS x, id + 2 AS "X" FROM clients.kinds ORDER BY 1;
-- long names | names of columns
SELECT id AS this_is_a_name_of_more_than_sixty_three_characters_which_postgresql_cuts_off FROM clients.kinds WHERE id = 1;
-- a column called like a function | names of columns
SELECT count, date, value FROM (SELECT 1 AS count, DATE '2020-01-01' AS date, 'v' AS value) t;
-- arrays | arrays
SELECT id, numbers, words, numbers[1], words[2], array_length(numbers, 1), cardinality(words), numbers || 9, 1 = ANY (numbers) FROM clients.kinds ORDER BY id;
-- array functions | array functions
SELECT id, array_append(numbers, 5), array_prepend(0, numbers), array_remove(numbers, 1), array_cat(numbers, numbers), array_upper(numbers, 1), array_lower(numbers, 1) FROM clients.kinds ORDER BY id;
-- refused: where an element stands | array_position
SELECT array_position(numbers, 2) FROM clients.kinds;
-- array operators | array operators
SELECT id, numbers @> ARRAY[1], numbers && ARRAY[3, 4], ARRAY[1] <@ numbers FROM clients.kinds WHERE id <> 3 ORDER BY id;
-- refused: array slices | array slices
SELECT id, numbers[1:2], numbers[2:] FROM clients.kinds ORDER BY id;
-- arrays compared and grouped | arrays compared
SELECT numbers, count(*) FROM clients.kinds GROUP BY numbers ORDER BY count(*), min(id);
-- refused: array of a subquery | ARRAY(subquery)
SELECT source, ARRAY(SELECT DISTINCT kind FROM patent q WHERE q.kind IS NOT NULL ORDER BY kind) FROM patent GROUP BY source ORDER BY source;
-- arrays joined into text | array_to_string
SELECT id, array_to_string(words, '-'), array_to_string(words, ',', '*'), array_to_string(numbers, ' ') FROM clients.kinds ORDER BY id;
-- arrays in rows | unnest
SELECT id, w FROM clients.kinds, unnest(words) AS w ORDER BY id, w;
-- arrays in rows with numbers | WITH ORDINALITY
SELECT id, w, i FROM clients.kinds, unnest(words) WITH ORDINALITY AS t(w, i) ORDER BY id, i;
-- json documents | json as a column
SELECT id, tags, thing FROM clients.kinds ORDER BY id;
-- refused: json fields | json operators
SELECT id, thing ->> 'name', (thing ->> 'size')::int, tags -> 'a', thing #>> '{name}' FROM clients.kinds ORDER BY id;
-- refused: json of a text | json functions
SELECT '{"a": {"b": [1, 2]}}'::jsonb -> 'a' -> 'b' ->> 0, jsonb_array_length('[1,2,3]'::jsonb), id FROM clients.kinds WHERE id = 1;
-- refused: json made | json_build_object
SELECT json_build_object('id', id, 'word', word), to_json(number) FROM clients.kinds WHERE id = 1;
-- bytes | bytea
SELECT id, bytes, octet_length(bytes), bytes = '\x' FROM clients.kinds ORDER BY id;
-- greatest and least of dates and texts | greatest, least
SELECT greatest(grant_date, filing_date), least(grant_date, filing_date, DATE '2010-01-01'), greatest(kind, source) FROM patent ORDER BY patent_id LIMIT 10;
-- session facts | session functions
SELECT current_user, current_database(), current_schema(), session_user, id FROM clients.kinds WHERE id = 1;
-- refused: pg_typeof | pg_typeof
SELECT pg_typeof(num_claims) FROM patent LIMIT 1;
-- refused: row constructor as a column | ROW() as a column
SELECT ROW(1, 'a'), id FROM clients.kinds WHERE id = 1;
-- num_nulls | num_nulls
SELECT num_nulls(kind, num_claims, grant_date), count(*) FROM patent GROUP BY 1 ORDER BY 1;
-- comments | comments
SELECT /* a hint */ count(*) -- the rows
FROM patent /* nested /* twice */ here */ WHERE true;
