-- family: WITH and set operations
-- WITH twice used | WITH
WITH y AS (SELECT grant_year, count(*) AS n FROM patent GROUP BY grant_year) SELECT a.grant_year, a.n - b.n AS diff FROM y a JOIN y b ON b.grant_year = a.grant_year - 1 ORDER BY 1;
-- WITH of several | WITH
WITH a AS (SELECT patent_id FROM cpc WHERE cpc_subclass = 'G06F'), b AS (SELECT DISTINCT patent_id FROM a), c(id) AS (SELECT patent_id FROM b) SELECT count(*) FROM c JOIN patent ON patent_id = id;
-- WITH in a subquery | WITH
SELECT * FROM (WITH q AS (SELECT max(grant_year) AS m FROM patent) SELECT m, m - 1 AS p FROM q) z;
-- WITH that hides a table | WITH
WITH patent AS (SELECT 1 AS one) SELECT one FROM patent;
-- WITH materialized | WITH MATERIALIZED
WITH m AS MATERIALIZED (SELECT source, count(*) AS n FROM patent GROUP BY source) SELECT sum(n) FROM m;
-- WITH RECURSIVE counts | WITH RECURSIVE
WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 10) SELECT sum(n), count(*) FROM t;
-- WITH RECURSIVE of dates | WITH RECURSIVE
WITH RECURSIVE d AS (SELECT DATE '2010-01-01' AS day UNION ALL SELECT day + 1 FROM d WHERE day < DATE '2010-01-10') SELECT d.day, count(p.patent_id) FROM d LEFT JOIN patent p ON p.grant_date = d.day GROUP BY d.day ORDER BY 1;
-- WITH RECURSIVE over a tree | WITH RECURSIVE
WITH RECURSIVE e(child, parent) AS (VALUES (2, 1), (3, 1), (4, 2), (5, 4)), t AS (SELECT child, parent, 1 AS depth, child::text AS path FROM e WHERE parent = 1 UNION ALL SELECT e.child, e.parent, t.depth + 1, t.path || '>' || e.child FROM e JOIN t ON e.parent = t.child) SELECT child, depth, path FROM t ORDER BY child;
-- WITH RECURSIVE without repeats | WITH RECURSIVE ... UNION
WITH RECURSIVE e(a, b) AS (VALUES (1, 2), (2, 3), (3, 1)), r(n) AS (SELECT 1 UNION SELECT e.b FROM e JOIN r ON e.a = r.n) SELECT n FROM r ORDER BY n;
-- UNION | UNION
SELECT source FROM patent UNION SELECT source FROM cpc UNION SELECT 'none' ORDER BY 1;
-- UNION ALL with labels | UNION ALL
SELECT 'patent' AS t, count(*) AS n FROM patent UNION ALL SELECT 'cpc', count(*) FROM cpc UNION ALL SELECT 'inventor', count(*) FROM inventor ORDER BY n DESC;
-- UNION of different types | UNION ALL of different types
SELECT grant_year AS v FROM patent WHERE patent_id = '10152310' UNION ALL SELECT num_claims * 1.5 FROM patent WHERE patent_id = '10152310' UNION ALL SELECT sequence FROM inventor WHERE patent_id = '10152310' ORDER BY 1;
-- UNION of text kinds | UNION ALL of different types
SELECT 'a'::varchar(5) AS v UNION ALL SELECT title FROM patent WHERE patent_id = '10152310' ORDER BY 1;
-- UNION of dates and timestamps | UNION ALL of different types
SELECT grant_date AS d FROM patent WHERE patent_id = '10152310' UNION ALL SELECT TIMESTAMP '2020-01-01 10:00' ORDER BY 1;
-- INTERSECT | INTERSECT
SELECT patent_id FROM cpc WHERE cpc_subclass = 'G06T' INTERSECT SELECT patent_id FROM cpc WHERE cpc_subclass = 'H04N' ORDER BY 1 LIMIT 10;
-- EXCEPT | EXCEPT
SELECT organization FROM assignee WHERE country = 'KR' EXCEPT SELECT organization FROM assignee WHERE country = 'US' ORDER BY 1 LIMIT 10;
-- INTERSECT ALL and EXCEPT ALL | INTERSECT ALL, EXCEPT ALL
(SELECT x FROM (VALUES (1), (1), (2), (NULL), (NULL)) v(x) INTERSECT ALL SELECT x FROM (VALUES (1), (1), (1), (NULL)) w(x)) UNION ALL (SELECT x FROM (VALUES (5), (5), (6)) v(x) EXCEPT ALL SELECT x FROM (VALUES (5)) w(x)) ORDER BY 1;
-- precedence of INTERSECT | mixed set operations
SELECT 1 AS n UNION SELECT 2 INTERSECT SELECT 3 EXCEPT SELECT 4 ORDER BY n;
-- branches with their own limits | ORDER BY and LIMIT in branches
(SELECT patent_id, num_claims FROM patent WHERE num_claims IS NOT NULL ORDER BY num_claims DESC, patent_id LIMIT 3) UNION ALL (SELECT patent_id, num_claims FROM patent WHERE num_claims IS NOT NULL ORDER BY num_claims, patent_id LIMIT 3) ORDER BY num_claims, patent_id;
-- a set operation grouped | set operations in FROM
SELECT t, count(*) FROM (SELECT 'a' AS t, patent_id FROM assignee UNION SELECT 'i', patent_id FROM inventor) u GROUP BY t ORDER BY t;
-- a set operation with WITH | WITH around set operations
WITH a AS (SELECT source FROM patent), b AS (SELECT source FROM assignee) (SELECT source FROM a EXCEPT SELECT source FROM b) UNION (SELECT source FROM b EXCEPT SELECT source FROM a) ORDER BY 1;
-- limits and offsets of a union | LIMIT of a set operation
SELECT organization FROM assignee WHERE country = 'FI' UNION SELECT organization FROM assignee WHERE country = 'SE' ORDER BY organization LIMIT 5 OFFSET 3;
-- ordered by an alias of the first branch | ORDER BY of a set operation
SELECT source AS s, 1 AS k FROM patent WHERE grant_year = 1998 UNION SELECT source, 2 FROM cpc ORDER BY k DESC, s;
-- ordered by an expression over a union | ORDER BY of a set operation
SELECT * FROM (SELECT 'b' AS s UNION SELECT 'A' UNION SELECT 'c') u ORDER BY lower(s);
-- limit all and offset | LIMIT and OFFSET
SELECT DISTINCT source FROM patent ORDER BY source LIMIT ALL OFFSET 2;
-- fetch first | FETCH FIRST
SELECT patent_id FROM patent ORDER BY patent_id OFFSET 10 ROWS FETCH NEXT 5 ROWS ONLY;
-- refused: fetch with ties | FETCH ... WITH TIES
SELECT num_claims FROM patent WHERE num_claims IS NOT NULL ORDER BY num_claims DESC FETCH FIRST 5 ROWS WITH TIES;
-- refused: a limit that is computed | computed LIMIT
SELECT patent_id FROM patent ORDER BY patent_id LIMIT 2 + 3;
-- nulls first and last | ORDER BY ... NULLS FIRST
SELECT DISTINCT kind FROM patent ORDER BY kind DESC NULLS LAST;
-- default place of nulls | ORDER BY
SELECT DISTINCT kind FROM patent ORDER BY kind DESC;
-- order by ordinal and expression | ORDER BY
SELECT source, max(num_claims) FROM patent GROUP BY source ORDER BY 2 DESC, lower(source);
-- order by a column that is not shown | ORDER BY
SELECT patent_id FROM patent WHERE grant_year = 2004 AND grant_date IS NOT NULL ORDER BY grant_date DESC, patent_id LIMIT 10;
-- order by a boolean | ORDER BY
SELECT patent_id, kind IS NULL AS k FROM patent WHERE patent_id LIKE '101523%' ORDER BY kind IS NULL DESC, patent_id;
-- order by a case | ORDER BY CASE
SELECT DISTINCT source, CASE source WHEN 'nvidia' THEN 0 ELSE 1 END AS rank FROM patent ORDER BY rank, source;
-- order by with collation | COLLATE
SELECT source FROM patent GROUP BY source ORDER BY source COLLATE "C" DESC;
