-- family: Text
-- case | upper, lower, initcap
SELECT patent_id, upper(title), lower(title), initcap(title) FROM patent WHERE grant_year = 1999 ORDER BY patent_id LIMIT 40;
-- initcap of words with marks | upper, lower, initcap
SELECT initcap('hello wORLD-wide o''neil x2y 3d_model éCOLE  two');
-- lengths | length, char_length
SELECT patent_id, length(title), char_length(title), character_length(title), octet_length(title), bit_length(title) FROM patent WHERE grant_year = 1999 ORDER BY patent_id LIMIT 40;
-- pieces by position | substring
SELECT patent_id, substring(title, 1, 10), substring(title FROM 5), substring(title FROM 3 FOR 4), substr(title, 4), substr(title, 2, 3), substring(title FOR 3) FROM patent WHERE grant_year = 1999 ORDER BY patent_id LIMIT 40;
-- pieces from odd positions | substring
SELECT substring('hello' FROM -1 FOR 4), substring('hello' FROM 0), substr('hello', 9), substring('hello' FROM 2 FOR 0);
-- the ends | left, right
SELECT patent_id, left(title, 5), right(title, 5), left(title, -3), right(title, -3), left(kind, 1) FROM patent WHERE grant_year = 1999 ORDER BY patent_id LIMIT 40;
-- where it is | position, strpos
SELECT patent_id, position('a' IN title), strpos(title, 'the'), position('' IN title), strpos(title, 'zzz') FROM patent WHERE grant_year = 1999 ORDER BY patent_id LIMIT 40;
-- parts | split_part
SELECT publication_number, split_part(publication_number, '-', 1), split_part(publication_number, '-', 2), split_part(publication_number, '-', 3), split_part(publication_number, '-', -1) FROM patent ORDER BY patent_id LIMIT 20;
-- parts of lists | split_part
SELECT split_part(assignee, '; ', 1) AS first, count(*) FROM google_full GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10;
-- trimmed | trim, ltrim, rtrim, btrim
SELECT trim('  a b  '), trim(BOTH 'x' FROM 'xxaxx'), trim(LEADING FROM '  a'), trim(TRAILING '.' FROM 'a..'), ltrim('0012', '0'), rtrim('1.500', '0'), btrim('--x--', '-'), id FROM clients.kinds WHERE id = 1;
-- padded | lpad, rpad
SELECT patent_id, lpad(patent_id, 10, '0'), rpad(kind, 4, '.'), lpad(title, 5), lpad(grant_year::text, 6) FROM patent WHERE grant_year = 1999 ORDER BY patent_id LIMIT 20;
-- replaced | replace, translate
SELECT patent_id, replace(title, ' ', '_'), translate(title, 'aeiou', 'AEIOU'), translate(title, ' ,-', ''), replace(title, 'z', '') FROM patent WHERE grant_year = 1999 ORDER BY patent_id LIMIT 20;
-- overlaid | overlay
SELECT overlay(patent_id PLACING '**' FROM 2 FOR 2), overlay(patent_id PLACING 'X' FROM 1) FROM patent ORDER BY patent_id LIMIT 5;
-- repeated and reversed | repeat, reverse
SELECT repeat('*', length(kind)), reverse(patent_id) FROM patent WHERE kind IS NOT NULL ORDER BY patent_id LIMIT 10;
-- concatenated | ||, concat, concat_ws
SELECT patent_id || ' (' || coalesce(kind, '?') || ')', concat(patent_id, kind, grant_year), concat_ws(', ', kind, source, grant_year), grant_year || '', 'n=' || num_claims FROM patent ORDER BY patent_id LIMIT 20;
-- concatenated with other types | ||, concat, concat_ws
SELECT 'd:' || grant_date, 'b:' || is_first, concat('x', is_first, grant_date, 1.50) FROM patent JOIN cpc USING (patent_id) ORDER BY patent_id, cpc_code LIMIT 10;
-- formatted | format
SELECT format('%s has %s', patent_id, num_claims), format('%s%%', 5), format('%2$s before %1$s', kind, source) FROM patent ORDER BY patent_id LIMIT 5;
-- refused: formatted as a name | format with %I, %L
SELECT format('%I', source) FROM patent;
-- refused: quoted | quote_literal, quote_ident
SELECT quote_literal(title), quote_ident(source) FROM patent ORDER BY patent_id LIMIT 5;
-- codes | ascii, chr
SELECT ascii(title), chr(65), chr(10), ascii('é') FROM patent ORDER BY patent_id LIMIT 5;
-- code points | ascii, chr
SELECT ascii(word), ascii('é'), chr(65) FROM clients.kinds ORDER BY id;
-- refused: code points computed | chr of a column
SELECT chr(64 + id) FROM clients.kinds;
-- hashes | md5, sha256
SELECT md5(patent_id), md5('') FROM patent ORDER BY patent_id LIMIT 5;
-- sha256 | md5, sha256
SELECT md5(title), encode(sha256(convert_to(title, 'UTF8')), 'hex') FROM patent ORDER BY patent_id LIMIT 5;
-- refused: text as bytes | casts from text to bytea
SELECT patent_id::bytea FROM patent;
-- encodings | encode
SELECT encode(bytes, 'hex') FROM clients.kinds ORDER BY id;
-- refused: base64 | encode to base64
SELECT encode(bytes, 'base64') FROM clients.kinds;
-- patterns of LIKE | LIKE, ILIKE
SELECT count(*) FILTER (WHERE title LIKE 'Method%'), count(*) FILTER (WHERE title ILIKE '%MEMORY%'), count(*) FILTER (WHERE title NOT LIKE '%a%'), count(*) FILTER (WHERE title LIKE '_a%'), count(*) FILTER (WHERE title LIKE '%\%%'), count(*) FILTER (WHERE title LIKE '%!_%' ESCAPE '!'), count(*) FILTER (WHERE title NOT ILIKE '%data%') FROM patent;
-- patterns of LIKE by operators | LIKE, ILIKE
SELECT count(*) FROM patent WHERE title ~~ 'Data%' OR title ~~* '%gpu%' OR title !~~ '%e%';
-- patterns from a column | LIKE, ILIKE
SELECT count(*) FROM patent p JOIN (VALUES ('%cache%'), ('%pixel%')) v(pat) ON p.title ILIKE v.pat;
-- LIKE with ANY | LIKE ANY
SELECT count(*) FROM patent WHERE title LIKE ANY (ARRAY['%cache%', '%pixel%']) AND title NOT ILIKE ALL (ARRAY['%a%b%c%']);
-- refused: SIMILAR TO | SIMILAR TO
SELECT count(*) FROM patent WHERE title SIMILAR TO '%(memory|cache)%' AND patent_id SIMILAR TO '[0-9]{7}';
-- starts with | starts_with
SELECT count(*) FROM patent WHERE starts_with(title, 'System') OR title ^@ 'Method';
-- regular expressions | ~, ~*, !~, !~*
SELECT count(*) FILTER (WHERE title ~ '^[A-Z]'), count(*) FILTER (WHERE title ~* 'gpu|graphics'), count(*) FILTER (WHERE title !~ '[0-9]'), count(*) FILTER (WHERE title !~* '^method'), count(*) FILTER (WHERE title ~ '\d+'), count(*) FILTER (WHERE title ~ '\mdata\M'), count(*) FILTER (WHERE patent_id ~ '^\d{7}$') FROM patent;
-- words by regular expressions | word boundaries in regular expressions
SELECT count(*) FROM patent WHERE title ~ '\yunit\y' OR title ~* '\mcache\M';
-- lazy quantifiers | lazy quantifiers in ~
SELECT count(*) FROM patent WHERE title ~ '^.+? and .*?system';
-- refused: what a lazy quantifier matches | lazy quantifiers in substring
SELECT substring(title FROM '^(.+?) ') FROM patent;
-- lookahead | look-around in regular expressions
SELECT count(*) FROM patent WHERE title ~ 'data(?! processing)';
-- regexp_replace | regexp_replace
SELECT patent_id, regexp_replace(title, '[^A-Za-z]', '', 'g'), regexp_replace(title, '[aeiou]', '*'), regexp_replace(title, '\s+', ' ', 'g'), regexp_replace(title, '(\w+) (\w+)', '\2 \1') FROM patent WHERE grant_year = 1999 ORDER BY patent_id LIMIT 20;
-- refused: regexp_replace of alternatives | regexp_replace of alternatives
SELECT regexp_replace(organization, '( Inc\.?| Corp\.?| Corporation| LLC)', '', 'g') FROM assignee ORDER BY patent_id, sequence LIMIT 20;
-- regexp_replace without case | regexp_replace
SELECT regexp_replace(title, 'METHOD', 'Way', 'gi') FROM patent WHERE title ILIKE 'method%' ORDER BY patent_id LIMIT 10;
-- regexp_matches | regexp_match, regexp_matches
SELECT patent_id, regexp_match(publication_number, '([A-Z]+)-(\d+)') FROM patent ORDER BY patent_id LIMIT 5;
-- the first group | regexp_match, regexp_matches
SELECT (regexp_match(publication_number, '([A-Z]+)-(\d+)'))[2] FROM patent ORDER BY patent_id LIMIT 5;
-- refused: regexp_matches of all | regexp_matches with g
SELECT patent_id, m[1] FROM patent, regexp_matches(title, '[A-Z]\w+', 'g') AS m WHERE grant_year = 1999 ORDER BY patent_id, 2 LIMIT 10;
-- regexp_substr and count | regexp_substr, regexp_count, regexp_like
SELECT patent_id, regexp_substr(title, '[A-Z][a-z]+'), regexp_count(title, 'a'), regexp_like(title, '^M') FROM patent WHERE grant_year = 1999 ORDER BY patent_id LIMIT 10;
-- substring by pattern | substring from a pattern
SELECT patent_id, substring(title FROM '[a-z]+'), substring(publication_number FROM '-(\d+)') FROM patent WHERE grant_year = 1999 ORDER BY patent_id LIMIT 10;
-- split into an array | string_to_array
SELECT string_to_array('a,b,,c', ','), (string_to_array(publication_number, '-'))[2], array_length(string_to_array(title, ' '), 1) FROM patent ORDER BY patent_id LIMIT 10;
-- regexp_split_to_array | regexp_split_to_array
SELECT regexp_split_to_array('a1b22c', '\d+'), cardinality(regexp_split_to_array(title, '\s+')) FROM patent ORDER BY patent_id LIMIT 10;
-- numbers of words | nested text functions
SELECT avg(length(title) - length(replace(title, ' ', '')) + 1)::numeric(10,2) FROM patent;
-- comparisons of texts | comparisons of texts
SELECT count(*) FILTER (WHERE title > 'M'), count(*) FILTER (WHERE title < 'a'), count(*) FILTER (WHERE upper(title) = title), count(*) FILTER (WHERE title BETWEEN 'A' AND 'B'), greatest(min(title), 'Aa'), least(max(title), 'zz') FROM patent;
-- blanks at the end of char(n) | character(n)
SELECT id, code, length(code), code = 'abc', code || '|' FROM clients.kinds ORDER BY id;
-- refused: LIKE on char(n) | LIKE on character(n)
SELECT code LIKE 'abc%' FROM clients.kinds;
-- to_hex | to_hex
SELECT to_hex(255), to_hex(number) FROM clients.kinds ORDER BY id;
-- unicode | upper, lower, initcap
SELECT word, upper(word), length(word), reverse(short), lower(short) FROM clients.kinds WHERE id <> 4 ORDER BY id;
-- casts of text to numbers | casts of text to numbers
SELECT patent_id::bigint % 7 AS r, count(*) FROM patent WHERE patent_id ~ '^\d+$' GROUP BY 1 ORDER BY 1;
-- text with quotes and backslashes | literals
SELECT 'it''s', E'a\tb', 'back\slash', $$dollar$$, id FROM clients.kinds WHERE id = 1;
-- a text of two lines | literals
SELECT 'a'
'b' AS joined, '' AS empty, length('') FROM clients.kinds WHERE id = 1;
-- refused: substring similar | substring SIMILAR
SELECT substring('abcdef' SIMILAR 'a#"%#"f' ESCAPE '#') FROM clients.kinds WHERE id = 1;
-- normalised names | nested text functions
SELECT trim(both ' ' from lower(replace(replace(organization, '.', ''), ',', ''))) AS name, count(*) FROM assignee GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10;
-- refused: unistr and parse_ident | unistr
SELECT unistr('\0041') FROM clients.kinds WHERE id = 1;
