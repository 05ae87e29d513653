-- family: Joins and subqueries
-- inner join | JOIN ON
SELECT p.patent_id, a.organization FROM patent p JOIN assignee a ON a.patent_id = p.patent_id WHERE p.grant_year = 1999 ORDER BY 1, 2 LIMIT 20;
-- left join with a condition on the right | LEFT JOIN
SELECT p.patent_id, i.name FROM patent p LEFT JOIN inventor i ON i.patent_id = p.patent_id AND i.sequence = 1 WHERE p.grant_year = 2002 ORDER BY 1, 2 LIMIT 20;
-- left join that keeps what has no match | LEFT JOIN
SELECT count(*) FROM patent p LEFT JOIN assignee a USING (patent_id) WHERE a.patent_id IS NULL;
-- right and full joins | RIGHT and FULL JOIN
SELECT a.k, b.k, a.v, b.v FROM (VALUES (1, 'a'), (2, 'b'), (NULL, 'n')) a(k, v) FULL JOIN (VALUES (2, 'x'), (3, 'y'), (NULL, 'm')) b(k, v) ON a.k = b.k ORDER BY 1, 2, 3, 4;
-- full join by using | USING
SELECT k, a.v, b.w FROM (VALUES (1, 'a'), (2, 'b')) a(k, v) FULL JOIN (VALUES (2, 'x'), (3, 'y')) b(k, w) USING (k) ORDER BY k;
-- natural join | NATURAL JOIN
SELECT count(*) FROM (SELECT patent_id, source FROM patent WHERE grant_year = 2000) p NATURAL JOIN (SELECT patent_id, source, organization FROM assignee) a;
-- cross join | CROSS JOIN
SELECT a.s, b.y FROM (SELECT DISTINCT source AS s FROM patent) a CROSS JOIN (VALUES (2000), (2001)) b(y) ORDER BY 1, 2;
-- comma join | comma in FROM
SELECT p.source, count(*) FROM patent p, assignee a WHERE p.patent_id = a.patent_id AND a.country = 'DE' GROUP BY p.source ORDER BY 1;
-- join with an inequality | JOIN ON inequalities
SELECT b.label, count(*) FROM patent p JOIN (VALUES ('few', 0, 9), ('some', 10, 19), ('many', 20, 999)) b(label, lo, hi) ON p.num_claims BETWEEN b.lo AND b.hi GROUP BY b.label ORDER BY b.label;
-- join with OR | JOIN ON inequalities
SELECT count(*) FROM (VALUES (1, 2), (3, 4), (5, NULL)) a(x, y) JOIN (VALUES (2, 3), (4, 9)) b(x, y) ON a.x = b.y OR a.y = b.x;
-- self join | self joins
SELECT a.name, b.name FROM inventor a JOIN inventor b ON a.patent_id = b.patent_id AND a.sequence < b.sequence WHERE a.patent_id = '11954496' ORDER BY 1, 2;
-- join in parentheses | joins in parentheses
SELECT count(*) FROM patent p LEFT JOIN (assignee a JOIN cpc c ON a.patent_id = c.patent_id AND c.is_first) ON p.patent_id = a.patent_id WHERE p.grant_year = 2005;
-- three tables | JOIN ON
SELECT a.organization, c.cpc_subclass, count(DISTINCT p.patent_id) AS n FROM patent p JOIN assignee a ON a.patent_id = p.patent_id JOIN cpc c ON c.patent_id = p.patent_id WHERE p.grant_year = 2003 GROUP BY 1, 2 ORDER BY n DESC, 1, 2 LIMIT 15;
-- lateral with limit | LATERAL
SELECT s.source, t.patent_id FROM (SELECT DISTINCT source FROM patent) s CROSS JOIN LATERAL (SELECT patent_id FROM patent p WHERE p.source = s.source ORDER BY patent_id LIMIT 2) t ORDER BY 1, 2;
-- lateral left join | LATERAL
SELECT y.y, t.n FROM (VALUES (2000), (1900)) y(y) LEFT JOIN LATERAL (SELECT count(*) AS n FROM patent p WHERE p.grant_year = y.y) t ON true ORDER BY 1;
-- lateral expressions | LATERAL
SELECT p.patent_id, x.words FROM patent p CROSS JOIN LATERAL (SELECT length(p.title) - length(replace(p.title, ' ', '')) + 1 AS words) x WHERE p.grant_year = 1998 ORDER BY 2 DESC, 1 LIMIT 10;
-- lateral values to unpivot | LATERAL VALUES
SELECT p.patent_id, v.what, v.day FROM patent p CROSS JOIN LATERAL (VALUES ('grant', p.grant_date), ('filing', p.filing_date)) v(what, day) WHERE p.patent_id LIKE '101523%' ORDER BY 1, 2;
-- scalar subquery | scalar subqueries
SELECT source, count(*) * 100 / (SELECT count(*) FROM patent) AS pct FROM patent GROUP BY source ORDER BY source;
-- scalar subquery of no row | scalar subqueries
SELECT (SELECT title FROM patent WHERE patent_id = 'none') AS nothing, (SELECT max(grant_year) FROM patent) AS newest;
-- correlated scalar subquery | correlated subqueries
SELECT p.patent_id, (SELECT count(*) FROM inventor i WHERE i.patent_id = p.patent_id) AS inventors FROM patent p WHERE p.patent_id LIKE '101523%' ORDER BY 1;
-- correlated with a limit | correlated subqueries
SELECT p.patent_id, (SELECT i.name FROM inventor i WHERE i.patent_id = p.patent_id ORDER BY i.sequence, i.name LIMIT 1) AS first FROM patent p WHERE p.patent_id LIKE '101523%' ORDER BY 1;
-- correlated comparison | correlated subqueries
SELECT count(*) FROM patent p WHERE p.grant_year = 2001 AND p.kind = 'B1' AND p.num_claims > (SELECT avg(q.num_claims) FROM patent q WHERE q.grant_year = p.grant_year);
-- correlated by an inequality | correlated subqueries
SELECT y.g, (SELECT count(*) FROM patent p WHERE p.grant_year < y.g) AS before FROM (SELECT DISTINCT grant_year AS g FROM patent WHERE grant_year > 2018) y ORDER BY 1;
-- EXISTS | EXISTS
SELECT count(*) FROM patent p WHERE EXISTS (SELECT 1 FROM assignee a WHERE a.patent_id = p.patent_id AND a.country = 'JP');
-- NOT EXISTS | EXISTS
SELECT count(*) FROM patent p WHERE NOT EXISTS (SELECT * FROM cpc c WHERE c.patent_id = p.patent_id);
-- EXISTS as a value | EXISTS as a value
SELECT p.patent_id, EXISTS (SELECT 1 FROM inventor i WHERE i.patent_id = p.patent_id) AS known FROM patent p WHERE p.patent_id LIKE '101523%' ORDER BY 1;
-- IN over a subquery | IN (subquery)
SELECT count(*) FROM patent WHERE patent_id IN (SELECT patent_id FROM cpc WHERE cpc_subclass = 'G06T');
-- NOT IN with a NULL | NOT IN with NULLs
SELECT count(*) FROM (VALUES (1), (2), (NULL)) v(x) WHERE x NOT IN (SELECT y FROM (VALUES (1), (NULL)) w(y));
-- NOT IN without a NULL | NOT IN with NULLs
SELECT x FROM (VALUES (1), (2), (NULL)) v(x) WHERE x NOT IN (SELECT y FROM (VALUES (1), (7)) w(y)) ORDER BY x;
-- NOT IN of an empty set | NOT IN with NULLs
SELECT count(*) FROM (VALUES (1), (2), (NULL)) v(x) WHERE x NOT IN (SELECT y FROM (VALUES (1)) w(y) WHERE y > 5);
-- IN as a value with NULLs | NOT IN with NULLs
SELECT x, x IN (1, NULL), x NOT IN (1, NULL), x IN (SELECT y FROM (VALUES (2), (NULL)) w(y)) FROM (VALUES (1), (2), (NULL)) v(x) ORDER BY x;
-- IN of rows over a subquery | rows in IN
SELECT count(*) FROM patent WHERE (source, grant_year) IN (SELECT source, max(grant_year) FROM patent GROUP BY source);
-- refused: NOT IN of rows over a subquery | rows in NOT IN
SELECT count(*) FROM patent WHERE (source, grant_year) NOT IN (SELECT source, max(grant_year) FROM patent WHERE grant_year IS NOT NULL GROUP BY source);
-- = ANY over a subquery | ANY and ALL over subqueries
SELECT count(*) FROM patent WHERE grant_year = ANY (SELECT grant_year FROM patent WHERE num_claims > 100);
-- refused: > ALL over a subquery | <, > ANY and ALL over subqueries
SELECT count(*) FROM patent WHERE num_claims > ALL (SELECT num_claims FROM patent WHERE grant_year = 2001 AND num_claims IS NOT NULL);
-- refused: < ANY over a subquery | <, > ANY and ALL over subqueries
SELECT count(*) FROM patent WHERE num_claims < ANY (SELECT num_claims FROM patent WHERE grant_year = 2001);
-- refused: <= ALL over an empty subquery | <, > ANY and ALL over subqueries
SELECT count(*) FROM (VALUES (1), (NULL)) v(x) WHERE x <= ALL (SELECT num_claims FROM patent WHERE false);
-- subquery in HAVING | subqueries in HAVING
SELECT source, count(*) FROM patent GROUP BY source HAVING count(*) > (SELECT count(*) / 10 FROM patent) ORDER BY source;
-- subquery in ORDER BY | subqueries in ORDER BY
SELECT DISTINCT source FROM patent p ORDER BY source;
-- subquery in CASE | subqueries in CASE
SELECT CASE WHEN (SELECT count(*) FROM patent) > 1000 THEN 'large' ELSE 'small' END AS size, CASE WHEN EXISTS (SELECT 1 FROM patent WHERE kind = 'X') THEN 1 ELSE 0 END;
-- subquery in FROM of a subquery | nested derived tables
SELECT max(n) FROM (SELECT count(*) AS n FROM (SELECT patent_id FROM cpc WHERE cpc_subclass = 'H04L') a GROUP BY patent_id) b;
-- subquery in a select list with an aggregate outside | scalar subqueries
SELECT max(num_claims) - (SELECT avg(num_claims) FROM patent WHERE source = 'nvidia') AS d FROM patent;
-- semi-join with a limit inside | IN (subquery)
SELECT count(*) FROM assignee WHERE organization IN (SELECT organization FROM assignee GROUP BY organization ORDER BY count(*) DESC, organization LIMIT 5);
-- table and column aliases | column aliases of tables
SELECT t.a, t.b FROM (SELECT patent_id, grant_year FROM patent) AS t(a, b) WHERE t.b = 1998 ORDER BY t.a LIMIT 5;
-- VALUES as a lookup | VALUES
SELECT v.name, count(p.patent_id) FROM (VALUES ('apple', 'Apple'), ('nvidia', 'NVIDIA'), ('none', 'None')) AS v(code, name) LEFT JOIN patent p ON p.source = v.code GROUP BY v.name ORDER BY v.name;
-- top VALUES | VALUES
VALUES (1, 'one', 1.5), (2, 'two', NULL), (3, NULL, 2.25) ORDER BY 1 DESC;
-- calendar of months | generate_series
SELECT to_char(m, 'YYYY-MM') AS month, count(p.patent_id) FROM generate_series('2009-01-01'::timestamp, '2009-12-01'::timestamp, '1 month') AS m LEFT JOIN patent p ON date_trunc('month', p.grant_date) = m GROUP BY m ORDER BY m;
-- calendar of days | generate_series
SELECT d::date AS day, extract(dow FROM d) AS dow FROM generate_series(DATE '2020-02-26', DATE '2020-03-02', INTERVAL '1 day') AS g(d) ORDER BY 1;
-- calendar from the data | generate_series
SELECT y, count(p.patent_id) FROM generate_series((SELECT min(grant_year) FROM patent), (SELECT max(grant_year) FROM patent)) AS y LEFT JOIN patent p ON p.grant_year = y GROUP BY y ORDER BY y;
-- calendar of weeks from the data | generate_series
SELECT w::date, count(p.patent_id) FROM (SELECT min(date_trunc('week', grant_date)) AS lo, max(date_trunc('week', grant_date)) AS hi FROM patent WHERE grant_year = 2008) b, generate_series(b.lo, b.hi, interval '1 week') w LEFT JOIN patent p ON date_trunc('week', p.grant_date) = w GROUP BY w ORDER BY w;
-- series with ordinality | WITH ORDINALITY
SELECT n, i FROM generate_series(10, 30, 10) WITH ORDINALITY AS t(n, i) ORDER BY i;
-- series backwards | generate_series
SELECT n FROM generate_series(3, 1, -1) n ORDER BY n;
-- series of decimals | generate_series of numeric
SELECT x FROM generate_series(0, 1, 0.25) x ORDER BY x;
-- series in the select list | generate_series in a select list
SELECT generate_series(1, 3) AS n, 'x' AS c;
-- unnest of several arrays | unnest
SELECT a, b FROM unnest(ARRAY[1, 2, 3], ARRAY['x', 'y']) AS t(a, b) ORDER BY a;
-- unnest of a split text | unnest
SELECT trim(x) AS one, count(*) FROM google_full, unnest(string_to_array(assignee, ';')) AS x WHERE grant_year = 2001 GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10;
-- regexp_split_to_table | regexp_split_to_table
SELECT w, count(*) FROM patent, regexp_split_to_table(lower(title), ' ') AS w WHERE grant_year = 1999 GROUP BY w ORDER BY 2 DESC, 1 LIMIT 10;
-- distinct on | DISTINCT ON
SELECT DISTINCT ON (source) source, patent_id, grant_date FROM patent WHERE grant_date IS NOT NULL ORDER BY source, grant_date DESC, patent_id;
-- distinct on an expression | DISTINCT ON
SELECT DISTINCT ON (grant_year / 10) grant_year / 10 AS decade, patent_id, num_claims FROM patent WHERE num_claims IS NOT NULL ORDER BY grant_year / 10, num_claims DESC, patent_id;
-- distinct on with a limit | DISTINCT ON
SELECT DISTINCT ON (a.country) a.country, a.organization FROM assignee a ORDER BY a.country, a.organization LIMIT 10;
-- distinct on in a derived table | DISTINCT ON
SELECT kind, count(*) FROM (SELECT DISTINCT ON (source, grant_year) source, grant_year, kind FROM patent ORDER BY source, grant_year, patent_id) t GROUP BY kind ORDER BY kind;
-- inline view with star and extra columns | star
SELECT t.*, t.n * 2 AS twice FROM (SELECT source, count(*) AS n FROM patent GROUP BY source) t ORDER BY t.source;
-- star of two tables | star
SELECT * FROM (SELECT 1 AS a, 2 AS b) x, (SELECT 3 AS c) y;
-- two columns of one name | star
SELECT a.k, b.k FROM (VALUES (1)) a(k) JOIN (VALUES (1)) b(k) ON a.k = b.k;
-- tablesample of everything | TABLESAMPLE
SELECT count(*) FROM inventor TABLESAMPLE SYSTEM (100);
-- a whole row as a column | whole rows
SELECT p FROM (SELECT 1 AS a, 'x' AS b) p;
-- row_to_json | row_to_json
SELECT row_to_json(t) FROM (SELECT 1 AS a, 'x' AS b) t;
-- subquery with its own order and limit, joined | derived tables with LIMIT
SELECT t.organization, p.title FROM (SELECT organization, min(patent_id) AS id FROM assignee GROUP BY organization ORDER BY count(*) DESC, organization LIMIT 3) t JOIN patent p ON p.patent_id = t.id ORDER BY 1;
