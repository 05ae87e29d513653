-- family: GROUP BY
-- by ordinal | ordinals
SELECT source, grant_year, count(*) FROM patent GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 30;
-- by alias | aliases
SELECT grant_year / 5 * 5 AS lustrum, count(*) AS n FROM patent GROUP BY lustrum ORDER BY lustrum;
-- an alias hidden by a column | aliases
SELECT upper(source) AS source, count(*) FROM patent GROUP BY source ORDER BY source;
-- by expression | expressions
SELECT date_part('year', grant_date) AS y, date_part('month', grant_date) AS m, count(*) FROM patent WHERE grant_year > 2022 GROUP BY date_part('year', grant_date), date_part('month', grant_date) ORDER BY y, m;
-- by an expression of selected ones | expressions
SELECT left(cpc_code, 1) AS section, count(*), count(DISTINCT patent_id) FROM cpc GROUP BY left(cpc_code, 1) ORDER BY section;
-- the grouped expression inside another | expressions
SELECT 'Y' || grant_year::text AS y, count(*) FROM patent GROUP BY grant_year ORDER BY grant_year;
-- by a constant | constants
SELECT 'all' AS label, count(*) FROM patent GROUP BY 1;
-- by a boolean | booleans
SELECT grant_date IS NULL AS undated, count(*) FROM patent GROUP BY grant_date IS NULL ORDER BY 1;
-- by a case | CASE
SELECT CASE WHEN num_claims IS NULL THEN 'none' WHEN num_claims < 10 THEN 'few' WHEN num_claims < 30 THEN 'some' ELSE 'many' END AS size, count(*) FROM patent GROUP BY CASE WHEN num_claims IS NULL THEN 'none' WHEN num_claims < 10 THEN 'few' WHEN num_claims < 30 THEN 'some' ELSE 'many' END ORDER BY size;
-- rollup | ROLLUP
SELECT source, grant_year, count(*) FROM patent WHERE grant_year > 2018 GROUP BY ROLLUP (source, grant_year) ORDER BY source NULLS LAST, grant_year NULLS LAST, 3;
-- rollup with labels | ROLLUP
SELECT COALESCE(source, 'Total') AS source, count(*) AS n, grouping(source) AS g FROM patent GROUP BY ROLLUP (source) ORDER BY g, source;
-- rollup of expressions | ROLLUP
SELECT date_trunc('year', grant_date)::date AS y, date_trunc('month', grant_date)::date AS m, count(*) FROM patent WHERE grant_year = 2012 GROUP BY ROLLUP (date_trunc('year', grant_date)::date, date_trunc('month', grant_date)::date) ORDER BY 1 NULLS FIRST, 2 NULLS FIRST;
-- cube | CUBE
SELECT source, kind, count(*), sum(num_claims) FROM patent WHERE grant_year = 2009 GROUP BY CUBE (source, kind) ORDER BY 1, 2, 3, 4;
-- grouping sets | GROUPING SETS
SELECT source, kind, count(*) FROM patent WHERE grant_year BETWEEN 2008 AND 2010 GROUP BY GROUPING SETS ((source, kind), (source), ()) ORDER BY source, kind, 3;
-- grouping sets and GROUPING() | GROUPING()
SELECT source, grant_year, GROUPING(source, grant_year) AS g, GROUPING(grant_year), count(*) FROM patent WHERE grant_year > 2020 GROUP BY GROUPING SETS ((source, grant_year), (grant_year), (source), ()) ORDER BY g, source, grant_year;
-- a column beside a rollup | mixed grouping
SELECT source, grant_year, kind, count(*) FROM patent WHERE grant_year IN (2009, 2010) GROUP BY source, ROLLUP (grant_year, kind) ORDER BY 1, 2, 3, 4;
-- composite rollup | ROLLUP
SELECT source, kind, grant_year, count(*) FROM patent WHERE grant_year > 2021 GROUP BY ROLLUP ((source, kind), grant_year) ORDER BY 1, 2, 3, 4;
-- rollup with having | GROUPING()
SELECT source, kind, count(*) FROM patent GROUP BY ROLLUP (source, kind) HAVING grouping(kind) = 1 ORDER BY source;
-- group by with distinct aggregates over several columns | count(DISTINCT)
SELECT source, count(DISTINCT kind), count(DISTINCT grant_year), count(DISTINCT country) FROM patent GROUP BY source ORDER BY source;
-- order by an aggregate that is not shown | ORDER BY an aggregate
SELECT source FROM patent GROUP BY source ORDER BY count(*) DESC, source;
-- order by an alias of an aggregate | ORDER BY an aggregate
SELECT organization, count(*) AS "Total Patents" FROM assignee GROUP BY organization ORDER BY "Total Patents" DESC, organization LIMIT 15;
-- order by an expression of an alias' column | ORDER BY an expression
SELECT source, count(*) AS n FROM patent GROUP BY source ORDER BY count(*) * -1, source;
-- distinct of groups | SELECT DISTINCT
SELECT DISTINCT count(*) AS n FROM inventor GROUP BY patent_id ORDER BY n;
-- group by of all columns of a table with a star in the subquery | derived tables
SELECT s.* FROM (SELECT source, count(*) AS n FROM patent GROUP BY source) s ORDER BY s.n DESC, s.source;
-- group by the empty set | GROUPING SETS
SELECT count(*), max(grant_year) FROM patent GROUP BY ();
-- refused: group by distinct | GROUP BY DISTINCT
SELECT source, kind, count(*) FROM patent WHERE grant_year = 2010 GROUP BY DISTINCT ROLLUP (source, kind), ROLLUP (source) ORDER BY 1, 2, 3;
-- functional dependence is not known | columns that are not grouped
SELECT p.patent_id, max(p.title), count(c.cpc_code) FROM patent p JOIN cpc c ON c.patent_id = p.patent_id WHERE p.grant_year = 2001 GROUP BY p.patent_id ORDER BY 3 DESC, 1 LIMIT 10;
