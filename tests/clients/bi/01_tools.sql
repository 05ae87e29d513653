-- family: What tools write
-- Tableau connects | LIMIT 0 probes
SELECT * FROM (SELECT "patent"."patent_id" AS "patent_id", "patent"."title" AS "title" FROM "patents"."patent" "patent") "Custom SQL Query" LIMIT 0;
-- Tableau asks for metadata | WHERE 1=0
SELECT "google_full"."assignee" AS "assignee", "google_full"."grant_date" AS "grant_date", "google_full"."num_claims" AS "num_claims" FROM "patents"."google_full" "google_full" WHERE 1=0;
-- Tableau sums by year | quoted mixed-case aliases
SELECT CAST(EXTRACT(YEAR FROM "google_full"."grant_date") AS INTEGER) AS "yr:grant_date:ok", SUM("google_full"."num_claims") AS "sum:num_claims:ok" FROM "patents"."google_full" "google_full" GROUP BY 1 ORDER BY 1;
-- Tableau truncates to a month | date_trunc
SELECT DATE_TRUNC('MONTH', CAST("google_full"."grant_date" AS DATE)) AS "tmn:grant_date:ok", COUNT("google_full"."publication_number") AS "cnt:publication_number:ok" FROM "patents"."google_full" "google_full" WHERE ("google_full"."grant_date" >= DATE '2010-01-01') GROUP BY 1 ORDER BY 1;
-- Tableau counts distinct | count(DISTINCT)
SELECT "t0"."country" AS "country", COUNT(DISTINCT "t0"."organization") AS "ctd:organization:ok" FROM "patents"."assignee" "t0" GROUP BY 1 HAVING (COUNT(1) > 0) ORDER BY 1;
-- Tableau filters to a top ten | joins with a derived table
SELECT "google_full"."assignee" AS "assignee", AVG(CAST("google_full"."num_claims" AS DOUBLE PRECISION)) AS "avg:num_claims:ok" FROM "patents"."google_full" "google_full" INNER JOIN (SELECT "google_full"."assignee" AS "assignee", COUNT(1) AS "$__alias__0" FROM "patents"."google_full" "google_full" GROUP BY 1 ORDER BY 2 DESC NULLS LAST, 1 ASC LIMIT 10) "t0" ON ("google_full"."assignee" IS NOT DISTINCT FROM "t0"."assignee") GROUP BY 1 ORDER BY 1;
-- Tableau fixes a level of detail | joins with a derived table
SELECT "t0"."kind" AS "kind", SUM("t1"."x") AS "sum:x:ok" FROM "patents"."patent" "t0" INNER JOIN (SELECT "patent"."grant_year" AS "grant_year", MAX("patent"."num_claims") AS "x" FROM "patents"."patent" "patent" GROUP BY 1) "t1" ON ("t0"."grant_year" = "t1"."grant_year") GROUP BY 1 ORDER BY 1;
-- Tableau lists a domain | SELECT DISTINCT
SELECT DISTINCT "patent"."kind" AS "kind" FROM "patents"."patent" "patent" ORDER BY "kind" ASC;
-- Tableau counts rows by a calculated field | CASE in GROUP BY
SELECT (CASE WHEN ("patent"."num_claims" > 20) THEN 'many' WHEN NOT ("patent"."num_claims" > 20) THEN 'few' ELSE NULL END) AS "Calculation_1", COUNT(1) AS "cnt:ok" FROM "patents"."patent" "patent" GROUP BY 1 ORDER BY 1;
-- Tableau tests a relative date | comparisons of dates
SELECT COUNT(1) AS "cnt" FROM "patents"."patent" "patent" WHERE (("patent"."grant_date" >= (TIMESTAMP '2015-01-01 00:00:00.000')) AND ("patent"."grant_date" < (TIMESTAMP '2016-01-01 00:00:00.000'))) HAVING (COUNT(1) > 0);
-- Tableau concatenates with casts | || and casts to text
SELECT (CAST("patent"."grant_year" AS TEXT) || '-' || CAST("patent"."kind" AS TEXT)) AS "label", COUNT(*) AS "n" FROM "patents"."patent" "patent" GROUP BY 1 ORDER BY 1;
-- Tableau bins | floor and division
SELECT FLOOR(CAST("patent"."num_claims" AS DOUBLE PRECISION) / 5) * 5 AS "Claims (bin)", SUM(1) AS "n" FROM "patents"."patent" "patent" WHERE "patent"."num_claims" IS NOT NULL GROUP BY 1 ORDER BY 1;
-- Tableau's temporary probe | SELECT of a constant
SELECT 1 AS "COL" FROM "patents"."patent" "patent" LIMIT 1;
-- Superset samples a table | LIMIT
SELECT publication_number AS publication_number, kind AS kind FROM patents.google_full WHERE kind IS NOT NULL ORDER BY publication_number ASC LIMIT 100 OFFSET 0;
-- Superset draws a time series | date_trunc
SELECT DATE_TRUNC('month', grant_date) AS __timestamp, COUNT(*) AS count FROM patents.patent WHERE grant_date >= '2012-01-01' AND grant_date < '2014-01-01' GROUP BY DATE_TRUNC('month', grant_date) ORDER BY __timestamp LIMIT 50000;
-- Superset limits series | joins with a derived table
SELECT DATE_TRUNC('year', grant_date) AS __timestamp, source AS source, COUNT(*) AS "COUNT(*)" FROM patents.patent JOIN (SELECT source AS source__, COUNT(*) AS mme_inner__ FROM patents.patent WHERE grant_date >= TO_DATE('2005-01-01', 'YYYY-MM-DD') GROUP BY source ORDER BY mme_inner__ DESC, source LIMIT 3) AS anon_1 ON source = source__ WHERE grant_date >= TO_DATE('2005-01-01', 'YYYY-MM-DD') GROUP BY DATE_TRUNC('year', grant_date), source ORDER BY 1, 2;
-- Superset compares with a timestamp | to_timestamp
SELECT COUNT(*) AS n FROM patents.patent WHERE filing_date >= TO_TIMESTAMP('2010-06-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US') AND filing_date < TO_TIMESTAMP('2011-06-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US');
-- Superset wraps a virtual dataset | derived tables
SELECT decade AS decade, sum(n) AS "SUM(n)" FROM (SELECT grant_year / 10 * 10 AS decade, source, count(*) AS n FROM patents.patent GROUP BY 1, 2) AS virtual_table GROUP BY decade ORDER BY "SUM(n)" DESC, decade LIMIT 1000;
-- Superset's week that ends on a Saturday | date_trunc with intervals
SELECT (DATE_TRUNC('week', grant_date + INTERVAL '1 day') + INTERVAL '5 days') AS week, count(*) FROM patents.patent WHERE grant_year = 2011 GROUP BY 1 ORDER BY 1;
-- Superset's five minutes | date_trunc with arithmetic
SELECT DATE_TRUNC('hour', moment) + INTERVAL '5 min' * FLOOR(DATE_PART('minute', moment) / 5) AS five, count(*) FROM clients.kinds GROUP BY 1 ORDER BY 1;
-- Superset's row count | count of a derived table
SELECT COUNT(*) AS rowcount FROM (SELECT kind AS kind, grant_year AS grant_year FROM patents.patent GROUP BY kind, grant_year LIMIT 10000) AS rowcount_qry;
-- Superset's percentiles of a box plot | percentile_cont
SELECT source AS source, percentile_cont(0.25) WITHIN GROUP (ORDER BY num_claims) AS q1, percentile_cont(0.5) WITHIN GROUP (ORDER BY num_claims) AS q2 FROM patents.patent GROUP BY source ORDER BY source;
-- Metabase counts by month | CAST(date_trunc AS date)
SELECT CAST(DATE_TRUNC('month', "patents"."patent"."grant_date") AS date) AS "grant_date", COUNT(*) AS "count" FROM "patents"."patent" WHERE "patents"."patent"."grant_year" = 2013 GROUP BY CAST(DATE_TRUNC('month', "patents"."patent"."grant_date") AS date) ORDER BY CAST(DATE_TRUNC('month', "patents"."patent"."grant_date") AS date) ASC;
-- Metabase's day of the week | extract(dow)
SELECT (CAST(extract(dow from "patents"."patent"."grant_date") AS integer) + 1) AS "grant_date", COUNT(*) AS "count" FROM "patents"."patent" GROUP BY (CAST(extract(dow from "patents"."patent"."grant_date") AS integer) + 1) ORDER BY (CAST(extract(dow from "patents"."patent"."grant_date") AS integer) + 1) ASC;
-- Metabase's week that begins on a Sunday | date_trunc with intervals
SELECT CAST((CAST(DATE_TRUNC('week', ("patents"."patent"."grant_date" + INTERVAL '1 day')) AS timestamp) + (INTERVAL '-1 day')) AS date) AS "grant_date", COUNT(*) AS "count" FROM "patents"."patent" WHERE "grant_year" = 2014 GROUP BY 1 ORDER BY 1 ASC;
-- Metabase's last twelve months | date_trunc with intervals
SELECT COUNT(*) AS "count" FROM "patents"."patent" WHERE ("patents"."patent"."grant_date" >= DATE_TRUNC('month', (CAST('2015-06-15' AS timestamp) + (INTERVAL '-12 month')))) AND ("patents"."patent"."grant_date" < DATE_TRUNC('month', CAST('2015-06-15' AS timestamp)));
-- Metabase joins with quoted aliases | quoted mixed-case aliases
SELECT "Assignee - Patent"."organization" AS "Assignee - Patent__organization", COUNT(*) AS "count" FROM "patents"."patent" LEFT JOIN "patents"."assignee" AS "Assignee - Patent" ON "patents"."patent"."patent_id" = "Assignee - Patent"."patent_id" WHERE "Assignee - Patent"."organization" LIKE 'N%' GROUP BY "Assignee - Patent"."organization" ORDER BY "count" DESC, "Assignee - Patent"."organization" ASC LIMIT 10;
-- Metabase bins numbers | floor and division
SELECT FLOOR((("patents"."patent"."num_claims" - 0) / 10.0)) * 10.0 + 0 AS "num_claims", COUNT(*) AS "count" FROM "patents"."patent" WHERE num_claims < 60 GROUP BY FLOOR((("patents"."patent"."num_claims" - 0) / 10.0)) * 10.0 + 0 ORDER BY 1 ASC;
-- Metabase's cumulative count | sum of a window over an aggregate
SELECT "source"."grant_year" AS "grant_year", SUM(COUNT(*)) OVER (ORDER BY "source"."grant_year" ASC ROWS UNBOUNDED PRECEDING) AS "count" FROM (SELECT "grant_year" FROM "patents"."patent") AS "source" GROUP BY "source"."grant_year" ORDER BY "source"."grant_year" ASC;
-- Metabase searches without case | lower() LIKE
SELECT "patents"."assignee"."organization" AS "organization" FROM "patents"."assignee" WHERE (LOWER("patents"."assignee"."organization") LIKE '%semiconductor%') GROUP BY "patents"."assignee"."organization" ORDER BY "patents"."assignee"."organization" ASC LIMIT 20;
-- Metabase's share of a condition | sum of CASE
SELECT CAST(SUM(CASE WHEN "num_claims" > 10 THEN 1 ELSE 0.0 END) AS float) / CASE WHEN COUNT(*) = 0 THEN NULL ELSE COUNT(*) END AS "share" FROM "patents"."patent";
-- Metabase's distance between dates | date arithmetic
SELECT CAST(("grant_date" - "filing_date") AS bigint) AS days FROM patents.patent WHERE filing_date IS NOT NULL AND grant_date IS NOT NULL ORDER BY patent_id LIMIT 20;
-- Power BI folds a table | derived tables
select "$Table"."patent_id" as "patent_id", "$Table"."grant_year" as "grant_year" from "patents"."patent" "$Table" order by "$Table"."patent_id" limit 1000;
-- Power BI groups | GROUP BY of aliases
select "rows"."grant_year" as "grant_year", count(distinct("rows"."kind")) + max(case when "rows"."kind" is null then 1 else 0 end) as "a0" from (select "grant_year", "kind" from "patents"."patent" "$Table") "rows" group by "grant_year" order by "grant_year";
-- Power BI filters text | LIKE with ESCAPE
select "_"."organization" from "patents"."assignee" "_" where "_"."organization" like 'A\_%' escape '\' or "_"."organization" like 'Apple%' group by "_"."organization" order by 1;
-- Power BI tests for equality with nulls | comparisons with NULL
select count(*) from "patents"."patent" "_" where (("_"."kind" = 'B2' and "_"."kind" is not null) or ("_"."kind" is null and "_"."source" = 'apple'));
-- Power BI's top rows by a measure | nested derived tables
select "basetable0"."c1" as "c1", "basetable0"."a0" as "a0" from (select "t0"."country" as "c1", sum(cast("t0"."sequence" as decimal)) as "a0" from "patents"."inventor" as "t0" group by "t0"."country") as "basetable0" where not "basetable0"."a0" is null order by "basetable0"."a0" desc, "c1" limit 20;
-- Looker's explore | GROUP BY of ordinals
SELECT (TO_CHAR(DATE_TRUNC('month', patent.grant_date ), 'YYYY-MM')) AS "patent.grant_month", COUNT(*) AS "patent.count" FROM patents.patent AS patent WHERE ((( patent.grant_date ) >= ((SELECT TIMESTAMP '2012-01-01')) AND ( patent.grant_date ) < ((SELECT (TIMESTAMP '2012-01-01' + INTERVAL '1 year'))))) GROUP BY 1 ORDER BY 1 DESC LIMIT 500;
-- Looker's quarter | to_char
SELECT TO_CHAR(DATE_TRUNC('quarter', patent.grant_date), 'YYYY-"Q"Q') AS quarter, COUNT(DISTINCT patent.patent_id) AS n FROM patents.patent AS patent WHERE grant_year BETWEEN 2009 AND 2010 GROUP BY DATE_TRUNC('quarter', patent.grant_date) ORDER BY DATE_TRUNC('quarter', patent.grant_date);
-- Looker's measures | COALESCE around sums
SELECT COALESCE(SUM(CASE WHEN patent.kind = 'B2' THEN patent.num_claims ELSE NULL END), 0) AS "patent.claims_b2", COALESCE(COALESCE(CAST(SUM(patent.num_claims) AS DOUBLE PRECISION), 0) / NULLIF(COUNT(patent.num_claims), 0), 0) AS "patent.avg" FROM patents.patent AS patent;
-- Looker pivots | row_number of a pivot
SELECT * FROM (SELECT *, DENSE_RANK() OVER (ORDER BY z___min_rank) AS z___pivot_row_rank, RANK() OVER (PARTITION BY z__pivot_col_rank ORDER BY z___min_rank) AS z__pivot_col_ordering FROM (SELECT *, MIN(z___rank) OVER (PARTITION BY "y") AS z___min_rank FROM (SELECT *, RANK() OVER (ORDER BY "y" ASC, z__pivot_col_rank) AS z___rank FROM (SELECT *, DENSE_RANK() OVER (ORDER BY "s" NULLS LAST) AS z__pivot_col_rank FROM (SELECT grant_year AS "y", source AS "s", COUNT(*) AS "n" FROM patents.patent WHERE grant_year > 2008 GROUP BY 1, 2) ww) bb WHERE z__pivot_col_rank <= 16384) aa) xx) zz WHERE (z__pivot_col_rank <= 50 OR z__pivot_col_ordering = 1) AND z___pivot_row_rank <= 500 ORDER BY z___pivot_row_rank, z__pivot_col_rank;
-- Looker's week | date_trunc to text
SELECT TO_CHAR(DATE_TRUNC('week', patent.grant_date), 'YYYY-MM-DD') AS week, count(*) FROM patents.patent WHERE grant_year = 2012 GROUP BY DATE_TRUNC('week', patent.grant_date) ORDER BY 1;
-- Grafana's time group by epoch | extract(epoch)
SELECT floor(extract(epoch from grant_date)/2592000)*2592000 AS "time", count(*) AS value FROM patents.patent WHERE grant_date BETWEEN '2010-01-01T00:00:00Z' AND '2011-01-01T00:00:00Z' GROUP BY 1 ORDER BY 1;
-- Grafana's time column | AT TIME ZONE
SELECT grant_date::timestamp AT TIME ZONE 'UTC' AS "time", count(*) AS "patents" FROM patents.patent WHERE grant_date BETWEEN '2010-01-01' AND '2010-03-01' GROUP BY 1 ORDER BY 1;
-- Grafana's filter from epochs | to_timestamp
SELECT count(*) FROM patents.patent WHERE grant_date >= to_timestamp(1262304000) AND grant_date <= to_timestamp(1293839999);
-- Grafana's variable | SELECT DISTINCT
SELECT DISTINCT source AS __text, upper(source) AS __value FROM patents.patent ORDER BY 1;
-- DBeaver reads a page | quoted names
SELECT t."patent_id", t."title", t."num_claims" FROM "patents"."patent" AS t WHERE t."num_claims" > 50 ORDER BY t."num_claims" DESC, t."patent_id" LIMIT 200;
-- DBeaver counts | count of a derived table
SELECT COUNT(*) FROM (
SELECT * FROM patents.inventor i WHERE i.country IS NOT NULL
) dbvrcnt;
-- DBeaver groups values of a column | GROUP BY with count
SELECT "kind", COUNT(*) FROM (SELECT * FROM patents.patent) dbvrgroup GROUP BY "kind" ORDER BY COUNT(*) DESC, "kind" LIMIT 200;
-- DBeaver filters in the grid | LIMIT
SELECT x.patent_id, x.cpc_code FROM patents.cpc x WHERE x.cpc_subclass ILIKE 'g06%' AND x.is_first ORDER BY x.patent_id, x.cpc_code LIMIT 200;
-- Hibernate loads entities | generated aliases
select p1_0.patent_id,p1_0.grant_date,p1_0.kind,p1_0.title from patents.patent p1_0 where p1_0.grant_year=2010 and p1_0.kind is not null order by p1_0.patent_id offset 5 rows fetch first 10 rows only;
-- Hibernate's join fetch | generated aliases
select p1_0.patent_id,i1_0.sequence,i1_0.name from patents.patent p1_0 left join patents.inventor i1_0 on p1_0.patent_id=i1_0.patent_id where p1_0.patent_id in ('10152310','11954496') order by p1_0.patent_id,i1_0.sequence,i1_0.name;
-- Hibernate's count query | count(*)
select count(p1_0.patent_id) from patents.patent p1_0 where lower(p1_0.title) like '%memory%' escape '';
-- Hibernate's exists | EXISTS
select p1_0.patent_id from patents.patent p1_0 where exists(select 1 from patents.cpc c1_0 where c1_0.patent_id=p1_0.patent_id and c1_0.cpc_subclass='G06T') and p1_0.grant_year=2003 order by p1_0.patent_id fetch first 5 rows only;
-- Django annotates | GROUP BY with count
SELECT "patent"."source", COUNT("patent"."patent_id") AS "n" FROM "patents"."patent" WHERE NOT ("patent"."kind" IN ('S1', 'P2') AND "patent"."kind" IS NOT NULL) GROUP BY "patent"."source" ORDER BY "n" DESC, "patent"."source" LIMIT 21;
-- Django truncates with a zone | AT TIME ZONE
SELECT DATE_TRUNC('day', "kinds"."instant" AT TIME ZONE 'Europe/Berlin') AS "day", COUNT("kinds"."id") AS "n" FROM "clients"."kinds" GROUP BY 1 ORDER BY 1 ASC;
-- Django's existence test | SELECT of a constant
SELECT 1 AS "a" FROM "patents"."patent" WHERE "patent"."kind" = 'B1' LIMIT 1;
-- SQLAlchemy's anonymous aliases | nested derived tables
SELECT anon_1.organization, anon_1.n FROM (SELECT patents.assignee.organization AS organization, count(patents.assignee.patent_id) AS n FROM patents.assignee GROUP BY patents.assignee.organization) AS anon_1 WHERE anon_1.n > 500 ORDER BY anon_1.n DESC, anon_1.organization;
-- Redash's parameter date | casts of dates
SELECT grant_date::date AS day, count(*) FROM patents.patent WHERE grant_date::date BETWEEN '2011-01-01'::date AND '2011-02-01'::date GROUP BY 1 ORDER BY 1;
-- Metabase's filter by many values | IN with many values
SELECT count(*) FROM patents.patent WHERE grant_year IN (1999, 2001, 2003, 2005, 2007, 2009, 2011, 2013, 2015) AND source NOT IN ('soc', 'nvidia');
-- pandas reads a date range | comparisons of dates
SELECT grant_date, count(*) AS n FROM patents.patent WHERE grant_date > '2020-01-01' AND grant_date <= DATE '2020-03-01' GROUP BY grant_date ORDER BY grant_date;
-- ThoughtSpot's aliases | quoted mixed-case aliases
SELECT "ta_1"."source" "ca_1", CASE WHEN sum("ta_1"."num_claims") IS NOT NULL THEN sum("ta_1"."num_claims") ELSE 0 END "ca_2" FROM "patents"."patent" "ta_1" GROUP BY "ca_1" ORDER BY "ca_2" DESC, "ca_1";
-- Qlik's load | quoted names
SELECT "patent_id", "sequence", "organization" FROM "patents"."assignee" WHERE "country" = 'KR' ORDER BY "patent_id", "sequence" LIMIT 50;
-- Excel's pivot cache | GROUP BY of columns
SELECT "country", "source", SUM("sequence") AS "Sum of sequence" FROM "patents"."assignee" GROUP BY "country", "source" ORDER BY "country", "source";
-- MicroStrategy's passes | WITH
with gopa1 as (select a11.source AS source, count(distinct a11.patent_id) AS WJXBFS1 from patents.patent a11 where a11.grant_year in (2010) group by a11.source), gopa2 as (select a11.source AS source, max(a11.num_claims) AS WJXBFS1 from patents.patent a11 group by a11.source) select coalesce(pa11.source, pa12.source) AS source, pa11.WJXBFS1 AS WJXBFS1, pa12.WJXBFS1 AS WJXBFS2 from gopa1 pa11 full outer join gopa2 pa12 on (pa11.source = pa12.source) order by 1;
-- Cognos' aggregate | min and max of text
select "patent0"."source" "source", min("patent0"."title") "t0", max("patent0"."title") "t1", count("patent0"."kind") "k" from "patents"."patent" "patent0" group by "patent0"."source" order by "source" asc nulls last;
