-- family: Window functions
-- ranks | row_number, rank, dense_rank
SELECT source, n, row_number() OVER (ORDER BY n DESC, source), rank() OVER (ORDER BY n DESC), dense_rank() OVER (ORDER BY n) FROM (SELECT source, count(*) AS n FROM patent GROUP BY source) t ORDER BY source;
-- ranks over an aggregate | window over an aggregate
SELECT source, count(*) AS n, rank() OVER (ORDER BY count(*) DESC) AS r, round(100.0 * count(*) / sum(count(*)) OVER (), 2) AS pct FROM patent GROUP BY source ORDER BY r, source;
-- shares of rank | percent_rank, cume_dist, ntile
SELECT grant_year, percent_rank() OVER (ORDER BY n), cume_dist() OVER (ORDER BY n), ntile(4) OVER (ORDER BY n, grant_year) FROM (SELECT grant_year, count(*) AS n FROM patent WHERE grant_year IS NOT NULL GROUP BY 1) t ORDER BY grant_year;
-- lag and lead | lag, lead
SELECT grant_year, n, lag(n) OVER w, lead(n) OVER w, lag(n, 2) OVER w, lag(n, 1, 0::bigint) OVER w, n - lag(n) OVER w AS diff FROM (SELECT grant_year, count(*) AS n FROM patent WHERE grant_year IS NOT NULL GROUP BY 1) t WINDOW w AS (ORDER BY grant_year) ORDER BY grant_year;
-- growth in percent | lag, lead
SELECT grant_year, count(*) AS n, round(100.0 * (count(*) - lag(count(*)) OVER (ORDER BY grant_year)) / lag(count(*)) OVER (ORDER BY grant_year), 1) AS growth FROM patent WHERE grant_year IS NOT NULL GROUP BY grant_year ORDER BY grant_year;
-- first and last values | first_value, last_value, nth_value
SELECT patent_id, sequence, name, first_value(name) OVER w, last_value(name) OVER w, nth_value(name, 2) OVER w FROM inventor WHERE patent_id LIKE '119544%' WINDOW w AS (PARTITION BY patent_id ORDER BY sequence, name ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) ORDER BY patent_id, sequence, name;
-- last value of the default frame | first_value, last_value, nth_value
SELECT patent_id, sequence, last_value(sequence) OVER (PARTITION BY patent_id ORDER BY sequence) FROM inventor WHERE patent_id LIKE '119544%' ORDER BY 1, 2;
-- running total | frames
SELECT grant_year, count(*) AS n, sum(count(*)) OVER (ORDER BY grant_year) AS running FROM patent WHERE grant_year IS NOT NULL GROUP BY grant_year ORDER BY grant_year;
-- moving average | ROWS frames
SELECT grant_year, n, avg(n) OVER (ORDER BY grant_year ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS ma3, round(avg(n) OVER (ORDER BY grant_year ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING), 1) AS centred FROM (SELECT grant_year, count(*) AS n FROM patent WHERE grant_year IS NOT NULL GROUP BY 1) t ORDER BY grant_year;
-- from here to the end | ROWS frames
SELECT grant_year, sum(n) OVER (ORDER BY grant_year ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING), max(n) OVER (ORDER BY grant_year ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), count(*) OVER (ORDER BY grant_year ROWS 2 PRECEDING) FROM (SELECT grant_year, count(*) AS n FROM patent WHERE grant_year IS NOT NULL GROUP BY 1) t ORDER BY grant_year;
-- range of peers | RANGE frames
SELECT id, n, sum(n) OVER (ORDER BY n RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), count(*) OVER (ORDER BY n RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) FROM (VALUES (1, 5), (2, 5), (3, 7), (4, NULL), (5, 9)) v(id, n) ORDER BY id;
-- range with an offset of numbers | RANGE frames with an offset
SELECT grant_year, n, sum(n) OVER (ORDER BY grant_year RANGE BETWEEN 2 PRECEDING AND CURRENT ROW), count(*) OVER (ORDER BY grant_year RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM (SELECT grant_year, count(*) AS n FROM patent WHERE grant_year IS NOT NULL GROUP BY 1) t ORDER BY grant_year;
-- range with an interval | RANGE frames with an offset
SELECT d, n, sum(n) OVER (ORDER BY d RANGE BETWEEN INTERVAL '30 days' PRECEDING AND CURRENT ROW) FROM (SELECT grant_date AS d, count(*) AS n FROM patent WHERE grant_year = 2009 GROUP BY 1) t ORDER BY d;
-- refused: groups frame | GROUPS frames
SELECT grant_year, n, sum(n) OVER (ORDER BY grant_year GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM (SELECT grant_year, count(*) AS n FROM patent WHERE grant_year IS NOT NULL GROUP BY 1) t ORDER BY grant_year;
-- refused: frame with exclusion | EXCLUDE in frames
SELECT grant_year, n, avg(n) OVER (ORDER BY grant_year ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW) FROM (SELECT grant_year, count(*) AS n FROM patent WHERE grant_year IS NOT NULL GROUP BY 1) t ORDER BY grant_year;
-- partitions | PARTITION BY
SELECT source, grant_year, n, sum(n) OVER (PARTITION BY source) AS total, n::float8 / sum(n) OVER (PARTITION BY source) AS share, rank() OVER (PARTITION BY source ORDER BY n DESC, grant_year) AS r FROM (SELECT source, grant_year, count(*) AS n FROM patent WHERE grant_year > 2005 GROUP BY 1, 2) t ORDER BY source, grant_year;
-- the best of each group | row_number in a derived table
SELECT * FROM (SELECT patent_id, source, num_claims, row_number() OVER (PARTITION BY source ORDER BY num_claims DESC NULLS LAST, patent_id) AS rn FROM patent) t WHERE rn <= 2 ORDER BY source, rn;
-- named windows | named windows
SELECT source, kind, count(*) AS n, sum(count(*)) OVER w AS total, row_number() OVER (w ORDER BY count(*) DESC, kind) FROM patent WHERE kind IS NOT NULL GROUP BY source, kind WINDOW w AS (PARTITION BY source) ORDER BY source, kind;
-- filtered windows | FILTER with OVER
SELECT source, grant_year, count(*) FILTER (WHERE num_claims > 20) OVER (PARTITION BY source ORDER BY patent_id) AS big FROM patent WHERE grant_year = 2001 AND num_claims > 15 ORDER BY patent_id LIMIT 40;
-- aggregates as windows | aggregates with OVER
SELECT patent_id, num_claims, min(num_claims) OVER (), max(num_claims) OVER (), avg(num_claims) OVER (), stddev(num_claims) OVER (), count(kind) OVER (), bool_or(kind = 'B2') OVER () FROM patent WHERE grant_year = 2002 AND num_claims > 40 ORDER BY patent_id;
-- texts joined in a window | string_agg with OVER
SELECT patent_id, sequence, string_agg(name, ',') OVER (PARTITION BY patent_id ORDER BY sequence) FROM inventor WHERE patent_id LIKE '1195449%' ORDER BY patent_id, sequence;
-- arrays in a window | array_agg with OVER
SELECT patent_id, sequence, array_agg(name) OVER (PARTITION BY patent_id ORDER BY sequence) FROM inventor WHERE patent_id LIKE '1195449%' ORDER BY patent_id, sequence;
-- distinct windows | DISTINCT over windows
SELECT DISTINCT source, count(*) OVER (PARTITION BY source) AS n FROM patent ORDER BY source;
-- order by a window | ORDER BY a window function
SELECT grant_year, count(*) AS n FROM patent WHERE grant_year > 2015 GROUP BY grant_year ORDER BY rank() OVER (ORDER BY count(*)), grant_year;
-- null order in windows | NULLS FIRST in windows
SELECT id, n, row_number() OVER (ORDER BY n NULLS FIRST, id), rank() OVER (ORDER BY n DESC), lag(n) OVER (ORDER BY n DESC NULLS LAST, id) FROM (VALUES (1, 3), (2, NULL), (3, 1), (4, NULL)) v(id, n) ORDER BY id;
-- median and window together | percentile beside windows
SELECT source, n, n - avg(n) OVER () AS off FROM (SELECT source, percentile_cont(0.5) WITHIN GROUP (ORDER BY grant_year) AS n FROM patent GROUP BY source) t ORDER BY source;
-- gaps and islands | row_number arithmetic
WITH y AS (SELECT DISTINCT grant_year AS g FROM patent WHERE grant_year IS NOT NULL), k AS (SELECT g, g - row_number() OVER (ORDER BY g) AS island FROM y) SELECT min(g), max(g), count(*) FROM k GROUP BY island ORDER BY 1;
-- lag with a variable default | lag, lead
SELECT grant_year, lag(grant_year, 1, grant_year) OVER (ORDER BY grant_year) FROM (SELECT DISTINCT grant_year FROM patent WHERE grant_year > 2015) t ORDER BY 1;
-- first row of each year by first_value | first_value, last_value, nth_value
SELECT DISTINCT grant_year, first_value(title) OVER (PARTITION BY grant_year ORDER BY grant_date, patent_id) FROM patent WHERE grant_year IN (2001, 2005) AND grant_date IS NOT NULL ORDER BY 1;
-- windows over dates | windows over dates
SELECT grant_date, grant_date - lag(grant_date) OVER (ORDER BY grant_date) AS gap FROM (SELECT DISTINCT grant_date FROM patent WHERE grant_year = 2004) t ORDER BY 1;
-- two windows of different order | several windows
SELECT source, n, row_number() OVER (ORDER BY n, source) AS up, row_number() OVER (ORDER BY n DESC, source) AS down FROM (SELECT source, count(*) AS n FROM patent GROUP BY source) t ORDER BY up;
-- ratio to report with nullif | window over an aggregate
SELECT kind, sum(num_claims) AS c, sum(num_claims)::numeric / NULLIF(sum(sum(num_claims)) OVER (), 0) AS share FROM patent WHERE num_claims IS NOT NULL GROUP BY kind ORDER BY kind;
-- running distinct by dense_rank | row_number, rank, dense_rank
SELECT max(r) FROM (SELECT dense_rank() OVER (ORDER BY organization) AS r FROM assignee) t;
-- ntile of a partition | percent_rank, cume_dist, ntile
SELECT source, bucket, count(*), min(num_claims), max(num_claims) FROM (SELECT source, num_claims, ntile(4) OVER (PARTITION BY source ORDER BY num_claims, patent_id) AS bucket FROM patent WHERE num_claims IS NOT NULL) t GROUP BY source, bucket ORDER BY source, bucket;
-- qualify by a subquery | row_number in a derived table
SELECT patent_id FROM (SELECT patent_id, count(*) OVER (PARTITION BY patent_id) AS c, row_number() OVER (PARTITION BY patent_id ORDER BY sequence) AS rn FROM inventor) t WHERE c > 12 AND rn = 1 ORDER BY patent_id LIMIT 10;
