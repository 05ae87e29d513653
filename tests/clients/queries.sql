-- What every client runs, here and on the oracle.  The comment above a statement is its name; results must be in a
-- definite order.

-- count
SELECT count(*) FROM google_full;

-- top assignees
SELECT assignee, count(*) FROM google_full GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10;

-- a row
SELECT * FROM patent ORDER BY patent_id LIMIT 3;

-- the wide table
SELECT * FROM google_full ORDER BY publication_number LIMIT 20;

-- nulls and booleans
SELECT patent_id, cpc_code, sequence, is_first FROM cpc ORDER BY patent_id, cpc_code, sequence LIMIT 200;

-- bigints
SELECT * FROM inventor ORDER BY patent_id, sequence, name LIMIT 500;

-- qualified names
SELECT p.patent_id, i.name FROM patents.patent AS p JOIN patents.inventor i USING (patent_id)
ORDER BY p.patent_id, i.sequence, i.name LIMIT 50;

-- nulls last
SELECT publication_number, grant_date FROM google_full ORDER BY grant_date DESC, publication_number LIMIT 20;

-- nulls first by year
SELECT grant_year, count(*) AS patents FROM google_full GROUP BY grant_year ORDER BY grant_year NULLS FIRST;

-- aggregates
SELECT count(num_claims), sum(num_claims), min(num_claims), max(num_claims), min(grant_date), max(title)
FROM google_full;

-- average by group
SELECT grant_year, avg(num_claims)::float8 FROM google_full WHERE num_claims IS NOT NULL GROUP BY 1 ORDER BY 1;

-- having
SELECT organization, count(DISTINCT patent_id) AS n FROM assignee GROUP BY organization HAVING count(*) > 200
ORDER BY n DESC, organization;

-- a common table expression and a window
WITH per_year AS (SELECT grant_year AS year, count(*) AS n FROM patent WHERE grant_year IS NOT NULL GROUP BY 1)
SELECT year, n, n - lag(n) OVER (ORDER BY year) AS more, rank() OVER (ORDER BY n DESC, year) FROM per_year
ORDER BY year;

-- subquery
SELECT title FROM patent WHERE patent_id IN (SELECT patent_id FROM assignee WHERE organization ILIKE '%nvidia%')
ORDER BY title, patent_id LIMIT 10;

-- exists
SELECT count(*) FROM patent p WHERE NOT EXISTS (SELECT 1 FROM inventor i WHERE i.patent_id = p.patent_id);

-- case and string functions
SELECT CASE WHEN num_claims > 20 THEN 'many' WHEN num_claims IS NULL THEN 'unknown' ELSE 'few' END AS size,
       upper(left(title, 5)), length(title), title || ' (' || kind || ')', position('a' IN title)
FROM google_full ORDER BY publication_number LIMIT 25;

-- dates
SELECT extract(year FROM grant_date), date_trunc('month', grant_date)::date, grant_date - filing_date,
       grant_date + 30, grant_date < DATE '2010-01-01'
FROM google_full WHERE filing_date IS NOT NULL AND grant_date IS NOT NULL ORDER BY publication_number LIMIT 25;

-- arithmetic
SELECT num_claims / 2, num_claims % 3, num_claims * 1.5, -num_claims, num_claims::bigint * 1000000000
FROM google_full WHERE num_claims IS NOT NULL ORDER BY publication_number LIMIT 10;

-- union
SELECT 'patent' AS "Table", count(*) FROM patent UNION ALL SELECT 'cpc', count(*) FROM cpc ORDER BY 1;

-- no row
SELECT patent_id, grant_date, num_claims FROM patent WHERE 1 = 0;

-- offset
SELECT patent_id FROM patent ORDER BY patent_id OFFSET 100 LIMIT 5;

-- distinct
SELECT DISTINCT kind FROM patent ORDER BY kind;

-- every kind
SELECT * FROM clients.kinds ORDER BY id;

-- null of every kind
SELECT * FROM clients.kinds WHERE id = 4;

-- quoted alias
SELECT word AS "Wort mit Ä", number AS "two words" FROM clients.kinds ORDER BY id;

-- untyped null and constants
SELECT NULL AS nothing, 'text' AS word, 1 AS one, 1.50 AS amount, true AS yes FROM clients.kinds ORDER BY id LIMIT 2;

-- casts to text
SELECT number::text, flag::text, day::text, amount::text, word::varchar(3) FROM clients.kinds ORDER BY id;

-- filter
SELECT count(*) FILTER (WHERE flag), count(flag), bool_and(flag), sum(amount) FROM clients.kinds WHERE id <> 4;

-- without a table
SELECT 1 + 1, 'a' || 'b', current_user, current_database(), current_schema();

-- the catalogue
SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
WHERE n.nspname IN ('patents', 'clients') AND a.attnum > 0 ORDER BY 1, 2, a.attnum;

-- information_schema
SELECT table_schema, table_name, column_name, data_type, ordinal_position FROM information_schema.columns
WHERE table_schema IN ('patents', 'clients') ORDER BY 1, 2, 5;

-- settings
SELECT current_setting('TimeZone'), current_setting('search_path');

-- who asks, beside data
SELECT current_user, current_database(), count(*) FROM inventor WHERE name <> current_user;
