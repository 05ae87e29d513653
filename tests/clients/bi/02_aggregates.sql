-- family: Aggregates
-- counts | count
SELECT count(*), count(num_claims), count(DISTINCT kind), count(DISTINCT grant_year), count(1) FROM patent;
-- sums of integers | sum, avg, min, max
SELECT sum(num_claims), avg(num_claims), min(num_claims), max(num_claims), sum(sequence) FROM patent LEFT JOIN (SELECT 1 AS sequence) s ON true;
-- sums of bigint | sum, avg, min, max
SELECT sum(sequence), avg(sequence), max(sequence) FROM inventor;
-- sums of other types | sum, avg, min, max
SELECT sum(tiny), sum(small), sum(amount), avg(amount), min(amount), max(huge) FROM clients.kinds WHERE id IN (1, 3, 5);
-- sums of floats | sum, avg, min, max
SELECT sum(single), sum(double), avg(single), avg(double), min(double), max(single) FROM clients.kinds WHERE id IN (1, 5);
-- extremes of dates and texts | sum, avg, min, max
SELECT min(grant_date), max(grant_date), min(title), max(kind), max(filing_date) - min(filing_date) FROM patent;
-- an average, rounded | round of an average
SELECT grant_year, round(avg(num_claims), 2) AS mean, round(avg(num_claims)) FROM patent GROUP BY grant_year ORDER BY grant_year;
-- an average, cast | casts of averages
SELECT avg(num_claims)::numeric(10,3), avg(num_claims)::float8, avg(num_claims)::int, cast(avg(num_claims) AS decimal(12,1)) FROM patent;
-- averages printed | casts of averages to text
SELECT round(avg(num_claims), 3)::text, to_char(avg(num_claims), 'FM990.00') FROM patent;
-- conditional aggregates | FILTER
SELECT count(*) FILTER (WHERE kind = 'B2') AS b2, sum(num_claims) FILTER (WHERE grant_year > 2010), avg(num_claims) FILTER (WHERE kind IS NULL), max(title) FILTER (WHERE source = 'apple') FROM patent;
-- FILTER by group | FILTER
SELECT source, count(*) FILTER (WHERE grant_date IS NULL) AS undated, count(DISTINCT kind) FILTER (WHERE grant_year > 2000) FROM patent GROUP BY source ORDER BY source;
-- distinct sums | sum(DISTINCT)
SELECT sum(DISTINCT num_claims), avg(DISTINCT grant_year), count(DISTINCT (kind, source)) FROM patent;
-- standard deviations | stddev, variance
SELECT stddev(num_claims), stddev_samp(num_claims), stddev_pop(num_claims), variance(num_claims), var_samp(num_claims), var_pop(num_claims) FROM patent;
-- standard deviation of floats | stddev, variance
SELECT stddev(num_claims::float8), variance(num_claims::float8), stddev_pop(double) FROM patent, clients.kinds WHERE kinds.id IN (1, 5) AND grant_year = 2001;
-- standard deviation rounded | stddev, variance
SELECT source, round(stddev(num_claims), 4) AS sd FROM patent WHERE num_claims IS NOT NULL GROUP BY source ORDER BY source;
-- one row has no sample deviation | stddev, variance
SELECT stddev(x), var_pop(x), stddev_pop(x), variance(x) FROM (VALUES (5)) v(x);
-- correlation and regression | corr, covar, regr
SELECT corr(num_claims, grant_year), covar_pop(num_claims, grant_year), covar_samp(num_claims, grant_year), regr_slope(num_claims, grant_year), regr_intercept(num_claims, grant_year), regr_r2(num_claims, grant_year), regr_count(num_claims, grant_year), regr_avgx(num_claims, grant_year), regr_avgy(num_claims, grant_year) FROM patent;
-- refused: sums of squares of regression | regr_sxx, regr_syy, regr_sxy
SELECT regr_sxx(num_claims, grant_year), regr_syy(num_claims, grant_year), regr_sxy(num_claims, grant_year) FROM patent;
-- truth values | bool_and, bool_or, every
SELECT bool_and(is_first), bool_or(is_first), every(is_first IS NOT NULL) FROM cpc;
-- truth by group | bool_and, bool_or, every
SELECT source, bool_or(is_first) AS any_first, bool_and(is_first) FROM cpc GROUP BY source ORDER BY source;
-- bits | bit_and, bit_or, bit_xor
SELECT bit_and(grant_year), bit_or(grant_year), bit_xor(grant_year) FROM patent;
-- texts joined in order | string_agg
SELECT source, string_agg(DISTINCT kind, ',' ORDER BY kind) FROM patent GROUP BY source ORDER BY source;
-- texts joined in another order | string_agg
SELECT string_agg(title, ' | ' ORDER BY patent_id DESC) FROM patent WHERE patent_id LIKE '10152%';
-- texts joined with a cast | string_agg
SELECT grant_year, string_agg(num_claims::text, ', ' ORDER BY num_claims, patent_id) FROM patent WHERE grant_year IN (2001, 2002) AND num_claims > 60 GROUP BY grant_year ORDER BY grant_year;
-- texts joined conditionally | string_agg
SELECT string_agg(organization, ';' ORDER BY organization) FILTER (WHERE country = 'KR') FROM (SELECT DISTINCT organization, country FROM assignee) a;
-- texts joined of nothing | string_agg
SELECT string_agg(title, ','), array_agg(title), sum(num_claims), count(*), max(title) FROM patent WHERE false;
-- arrays in order | array_agg
SELECT patent_id, array_agg(name ORDER BY sequence) FROM inventor WHERE patent_id IN ('11954496', '10152310') GROUP BY patent_id ORDER BY patent_id;
-- arrays of numbers | array_agg
SELECT array_agg(grant_year ORDER BY grant_year DESC, patent_id), array_agg(DISTINCT source ORDER BY source) FROM patent WHERE patent_id LIKE '10152%';
-- arrays in two directions | array_agg
SELECT array_agg(patent_id ORDER BY grant_year DESC, patent_id ASC) FROM patent WHERE patent_id LIKE '10152%';
-- distinct arrays | array_agg
SELECT array_agg(DISTINCT source) FROM patent;
-- the first element of an ordered array | array_agg
SELECT source, (array_agg(patent_id ORDER BY grant_date DESC NULLS LAST, patent_id))[1] AS newest FROM patent GROUP BY source ORDER BY source;
-- arrays joined | array_to_string(array_agg())
SELECT patent_id, array_to_string(array_agg(name ORDER BY sequence), ', ') FROM inventor WHERE patent_id LIKE '1195449%' GROUP BY patent_id ORDER BY patent_id;
-- medians | percentile_cont, percentile_disc
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY num_claims), percentile_disc(0.5) WITHIN GROUP (ORDER BY num_claims), percentile_cont(0.9) WITHIN GROUP (ORDER BY num_claims DESC) FROM patent;
-- medians by group | percentile_cont, percentile_disc
SELECT source, percentile_cont(0.5) WITHIN GROUP (ORDER BY grant_year) AS median, percentile_disc(0.75) WITHIN GROUP (ORDER BY grant_year DESC) FROM patent GROUP BY source ORDER BY source;
-- refused: several percentiles at once | percentile_cont of an array
SELECT percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY num_claims) FROM patent;
-- percentile of a bigint | percentile_cont, percentile_disc
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY sequence) FROM inventor;
-- refused: percentile_disc of a bigint | percentile_disc of bigint
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY sequence) FROM inventor;
-- refused: median of a text | percentile_disc of texts and dates
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY kind), percentile_disc(0.5) WITHIN GROUP (ORDER BY grant_date) FROM patent;
-- modes | mode
SELECT mode() WITHIN GROUP (ORDER BY kind), mode() WITHIN GROUP (ORDER BY grant_year), mode() WITHIN GROUP (ORDER BY source DESC) FROM patent;
-- modes by group | mode
SELECT grant_year, mode() WITHIN GROUP (ORDER BY source) FROM patent WHERE grant_year < 2005 GROUP BY grant_year ORDER BY grant_year;
-- any value | any_value
SELECT any_value(country) FROM patent;
-- sum of an expression | aggregates of expressions
SELECT sum(num_claims * 2 + 1), sum(num_claims / 2), sum(num_claims * 1.5), sum(CASE WHEN kind = 'B1' THEN 1 END), sum(length(title)), avg(length(title)) FROM patent;
-- ratios of aggregates | arithmetic of aggregates
SELECT sum(num_claims) / count(*), sum(num_claims)::float / count(*), sum(num_claims) * 1.0 / count(num_claims), 100.0 * count(kind) / count(*), round(100.0 * count(kind) / count(*), 2) AS pct FROM patent;
-- percentages by group | arithmetic of aggregates
SELECT source, count(*), round(count(*) * 100.0 / (SELECT count(*) FROM patent), 1) AS pct, count(*)::numeric / 3 AS third FROM patent GROUP BY source ORDER BY source;
-- sums of day counts | sum of date differences
SELECT sum(grant_date - filing_date), avg(grant_date - filing_date), max(grant_date - filing_date) FROM patent WHERE filing_date IS NOT NULL AND grant_year = 2010;
-- refused: the least age | min of age
SELECT min(age(grant_date, filing_date)) FROM patent WHERE filing_date IS NOT NULL;
-- refused: averages of intervals | avg of intervals
SELECT avg(span), max(span), min(span) FROM clients.kinds WHERE id IN (1, 3, 5);
-- having over several aggregates | HAVING
SELECT organization, count(*) AS n, min(country) FROM assignee GROUP BY organization HAVING count(*) BETWEEN 100 AND 300 AND min(country) IS NOT NULL ORDER BY n DESC, organization;
-- having without group by | HAVING
SELECT max(num_claims) FROM patent HAVING max(num_claims) > 100;
-- having of an aggregate that is not shown | HAVING
SELECT source FROM patent GROUP BY source HAVING sum(num_claims) IS NULL ORDER BY source;
-- refused: json aggregates | json_agg, json_object_agg
SELECT json_agg(name ORDER BY sequence) FROM inventor WHERE patent_id = '11954496';
-- nested aggregates through a derived table | aggregates of aggregates
SELECT avg(n), max(n), min(n), percentile_cont(0.5) WITHIN GROUP (ORDER BY n) FROM (SELECT organization, count(*) AS n FROM assignee GROUP BY organization) x;
-- range of a boolean by case | min and max of CASE
SELECT max(CASE WHEN is_first THEN 1 ELSE 0 END), min(CASE WHEN is_first THEN 1 ELSE 0 END), sum(is_first::int), avg(is_first::int) FROM cpc;
-- count of nulls | arithmetic of aggregates
SELECT count(*) - count(grant_date) AS missing, sum((grant_date IS NULL)::int) FROM patent;
-- string aggregate of distinct numbers | string_agg
SELECT string_agg(DISTINCT grant_year::text, ' ' ORDER BY grant_year::text) FROM patent WHERE source = 'nvidia';
-- aggregate with ORDER BY that does not matter | ORDER BY in an aggregate
SELECT sum(num_claims ORDER BY patent_id), max(kind ORDER BY title) FROM patent;
-- greatest per group by an array | max of a row
SELECT source, max(num_claims) AS m FROM patent GROUP BY source HAVING max(num_claims) IS NOT NULL ORDER BY m DESC, source;
-- refused: hypothetical rank | hypothetical-set aggregates
SELECT rank(20) WITHIN GROUP (ORDER BY num_claims), dense_rank(20) WITHIN GROUP (ORDER BY num_claims), percent_rank(20) WITHIN GROUP (ORDER BY num_claims), cume_dist(20) WITHIN GROUP (ORDER BY num_claims) FROM patent WHERE num_claims IS NOT NULL;
-- range of medians with filter | percentile_cont, percentile_disc
SELECT grant_year, percentile_cont(0.5) WITHIN GROUP (ORDER BY num_claims) FILTER (WHERE kind = 'B2') AS m FROM patent WHERE grant_year > 2015 GROUP BY grant_year ORDER BY grant_year;
-- refused: median of a date | percentile of dates
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY grant_date) FROM patent;

