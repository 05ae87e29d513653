-- family: Dates and times
-- every unit of date_trunc on a timestamp | date_trunc
SELECT id, date_trunc('year', moment), date_trunc('quarter', moment), date_trunc('month', moment), date_trunc('week', moment), date_trunc('day', moment), date_trunc('hour', moment), date_trunc('minute', moment), date_trunc('second', moment), date_trunc('milliseconds', moment) FROM clients.kinds ORDER BY id;
-- refused: a century of a timestamp | date_trunc to decades and more
SELECT date_trunc('century', moment) FROM clients.kinds;
-- every unit of date_trunc on a timestamptz | date_trunc
SELECT id, date_trunc('year', instant), date_trunc('quarter', instant), date_trunc('month', instant), date_trunc('week', instant), date_trunc('day', instant), date_trunc('hour', instant), date_trunc('minute', instant) FROM clients.kinds WHERE id <> 2 ORDER BY id;
-- date_trunc in a zone | date_trunc in a zone
SELECT id, date_trunc('day', instant, 'Asia/Tokyo') FROM clients.kinds WHERE id <> 2 ORDER BY id;
-- date_trunc of a date | date_trunc
SELECT grant_date, date_trunc('week', grant_date), date_trunc('quarter', grant_date)::date, date_trunc('year', grant_date)::timestamp FROM patent WHERE grant_year = 2004 ORDER BY grant_date, patent_id LIMIT 20;
-- fields of a date | extract, date_part
SELECT grant_date, extract(year FROM grant_date), extract(quarter FROM grant_date), extract(month FROM grant_date), extract(week FROM grant_date), extract(day FROM grant_date), extract(dow FROM grant_date), extract(isodow FROM grant_date), extract(doy FROM grant_date), extract(isoyear FROM grant_date), extract(decade FROM grant_date), extract(century FROM grant_date), extract(epoch FROM grant_date) FROM patent WHERE grant_year IN (2004, 2008) ORDER BY grant_date, patent_id LIMIT 60;
-- fields by date_part | extract, date_part
SELECT grant_date, date_part('year', grant_date), date_part('dow', grant_date), date_part('week', grant_date), date_part('epoch', grant_date), date_part('day', grant_date)::int FROM patent WHERE grant_year = 2000 ORDER BY grant_date, patent_id LIMIT 30;
-- fields of a timestamp | extract, date_part
SELECT id, extract(hour FROM moment), extract(minute FROM moment), extract(second FROM moment), extract(milliseconds FROM moment), extract(microseconds FROM moment), extract(epoch FROM moment), date_part('second', moment) FROM clients.kinds ORDER BY id;
-- fields of a timestamptz | extract, date_part
SELECT id, extract(year FROM instant), extract(hour FROM instant), extract(epoch FROM instant), date_part('dow', instant) FROM clients.kinds WHERE id <> 2 ORDER BY id;
-- fields of intervals | extract from intervals
SELECT id, extract(epoch FROM span), extract(day FROM span), extract(hour FROM span), extract(second FROM span) FROM clients.kinds WHERE id <> 2 ORDER BY id;
-- refused: julian day | extract(julian)
SELECT extract(julian FROM DATE '2020-01-01'), extract(julian FROM max(grant_date)) FROM patent;
-- refused: time zone of an instant | extract(timezone)
SELECT extract(timezone FROM instant) FROM clients.kinds WHERE id = 1;
-- days between dates | date - date
SELECT patent_id, grant_date - filing_date AS days, (grant_date - filing_date) / 365 AS years, grant_date - DATE '2000-01-01' FROM patent WHERE filing_date IS NOT NULL ORDER BY days DESC NULLS LAST, patent_id LIMIT 20;
-- dates moved by days | date + integer
SELECT DISTINCT grant_date + 30, grant_date - 7, 1 + grant_date FROM patent WHERE grant_year = 2000 ORDER BY 1;
-- dates moved by intervals | date + interval
SELECT DISTINCT grant_date, grant_date + INTERVAL '1 month', grant_date - INTERVAL '1 year', grant_date + INTERVAL '1 week', (grant_date + INTERVAL '20 years')::date FROM patent WHERE grant_year = 2004 ORDER BY 1;
-- months that are short | date + interval
SELECT d, d + INTERVAL '1 month', d - INTERVAL '3 months', d + INTERVAL '1 month' * 2, d + INTERVAL '1 year 1 month 1 day' FROM (VALUES (DATE '2020-01-31'), (DATE '2019-12-31'), (DATE '2020-02-29')) v(d) ORDER BY d;
-- dates moved by computed intervals | computed intervals
SELECT id, DATE '2020-01-01' + id * INTERVAL '1 day', DATE '2020-01-31' + INTERVAL '1 month' * id FROM clients.kinds ORDER BY id;
-- refused: an interval put together of text | casts from text to interval
SELECT TIMESTAMP '2020-01-01' + (id || ' hours')::interval FROM clients.kinds;
-- make_interval | make_interval
SELECT DATE '2020-01-31' + make_interval(months => 1), TIMESTAMP '2020-01-01' + make_interval(days => 10, hours => 2);
-- timestamps apart | timestamp - timestamp
SELECT id, moment - TIMESTAMP '2020-01-01', extract(epoch FROM moment - TIMESTAMP '2020-01-01 00:00:00') / 3600 AS hours FROM clients.kinds WHERE id IN (1, 5) ORDER BY id;
-- instants apart | timestamp - timestamp
SELECT id, instant - TIMESTAMPTZ '2020-01-01 00:00:00+00', date_part('day', instant - TIMESTAMPTZ '2020-01-01 00:00:00+00') FROM clients.kinds WHERE id IN (1, 5) ORDER BY id;
-- datediff idioms | DATEDIFF idioms
SELECT patent_id, DATE_PART('day', grant_date::timestamp - filing_date::timestamp) AS days, (DATE_PART('year', grant_date) - DATE_PART('year', filing_date)) * 12 + (DATE_PART('month', grant_date) - DATE_PART('month', filing_date)) AS months FROM patent WHERE filing_date IS NOT NULL AND grant_year = 2003 ORDER BY patent_id LIMIT 20;
-- years and months of an age | extract from age
SELECT patent_id, extract(year FROM age(grant_date, filing_date)), extract(month FROM age(grant_date, filing_date)), date_part('year', age(filing_date, grant_date)), extract(month FROM age(filing_date, grant_date)) FROM patent WHERE filing_date IS NOT NULL AND grant_year IN (2003, 2010) ORDER BY patent_id LIMIT 400;
-- refused: ages | age as a value
SELECT patent_id, age(grant_date, filing_date) FROM patent WHERE filing_date IS NOT NULL ORDER BY patent_id LIMIT 20;
-- refused: days of an age | extract of days from age
SELECT extract(day FROM age(grant_date, filing_date)) FROM patent WHERE filing_date IS NOT NULL;
-- ages of edges | age
SELECT age(DATE '2020-03-01', DATE '2020-01-31'), age(TIMESTAMP '2020-03-31 10:00', TIMESTAMP '2019-02-28 12:30'), age(DATE '2020-01-31', DATE '2020-03-01');
-- make_date | make_date
SELECT DISTINCT make_date(grant_year, 1, 1) AS d FROM patent WHERE grant_year > 2019 ORDER BY 1;
-- make_timestamp | make_timestamp
SELECT make_timestamp(2020, 2, 29, 13, 30, 15.5), make_date(2020, 12, 31);
-- to_date | to_date
SELECT to_date('2020-02-29', 'YYYY-MM-DD'), to_date('20200229', 'YYYYMMDD'), to_date('29.02.2020', 'DD.MM.YYYY'), to_date('02/29/2020', 'MM/DD/YYYY');
-- to_date of a column | to_date
SELECT DISTINCT to_date(grant_year || '-01-15', 'YYYY-MM-DD') FROM patent WHERE grant_year > 2020 ORDER BY 1;
-- to_date with names | to_date with names
SELECT to_date('05 Dec 2000', 'DD Mon YYYY'), to_date('December 5, 2000', 'FMMonth DD, YYYY');
-- to_timestamp | to_timestamp
SELECT to_timestamp('2020-02-29 13:14:15', 'YYYY-MM-DD HH24:MI:SS'), to_timestamp(1582981995), to_timestamp(1582981995.25);
-- names of months and days | to_char of dates
SELECT DISTINCT to_char(grant_date, 'YYYY-MM'), to_char(grant_date, 'Mon YYYY'), to_char(grant_date, 'FMMonth'), to_char(grant_date, 'Day'), to_char(grant_date, 'Dy DD'), to_char(grant_date, 'YYYY-"Q"Q'), to_char(grant_date, 'IYYY-"W"IW'), to_char(grant_date, 'DDD'), to_char(grant_date, 'D') FROM patent WHERE grant_year = 2004 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9;
-- clocks in text | to_char of timestamps
SELECT id, to_char(moment, 'YYYY-MM-DD HH24:MI:SS'), to_char(moment, 'HH12:MI AM'), to_char(moment, 'YYYY-MM-DD"T"HH24:MI:SS.MS'), to_char(instant, 'DD/MM/YYYY HH24:MI') FROM clients.kinds WHERE id <> 2 ORDER BY id;
-- refused: translated names in text | to_char with TM
SELECT DISTINCT to_char(grant_date, 'TMMonth'), to_char(grant_date, 'TMDay'), to_char(grant_date, 'TMMon') FROM patent WHERE grant_year = 2004 ORDER BY 1, 2, 3;
-- refused: weeks of the year and centuries in text | to_char with WW, W, CC, J
SELECT DISTINCT to_char(grant_date, 'WW'), to_char(grant_date, 'W'), to_char(grant_date, 'CC'), to_char(grant_date, 'J'), to_char(grant_date, 'ID') FROM patent WHERE grant_year = 2004 ORDER BY 1, 2, 3, 4, 5;
-- refused: ordinals in text | to_char with TH
SELECT DISTINCT to_char(grant_date, 'FMDDth Month') FROM patent WHERE grant_year = 2004 ORDER BY 1;
-- the epoch both ways | epoch
SELECT extract(epoch FROM TIMESTAMP '2020-01-01 00:00:00')::bigint, to_timestamp(0) AT TIME ZONE 'UTC', DATE 'epoch', (TIMESTAMP 'epoch' + 1577836800 * INTERVAL '1 second');
-- now and today | now(), current_date
SELECT now() > TIMESTAMPTZ '2020-01-01', current_date > DATE '2020-01-01', current_timestamp = now(), localtimestamp > TIMESTAMP '2020-01-01', current_date - 1 < current_date, now() - INTERVAL '1 day' < now() FROM clients.kinds WHERE id = 1;
-- rows of the last years | now(), current_date
SELECT count(*) FROM patent WHERE grant_date > now() - INTERVAL '100 years' AND grant_date <= current_date AND grant_date < date_trunc('day', now());
-- year to date | now(), current_date
SELECT count(*) FROM patent WHERE grant_date >= date_trunc('year', current_date) - INTERVAL '200 years' AND extract(doy FROM grant_date) <= 366;
-- a clock in another zone | AT TIME ZONE
SELECT id, instant AT TIME ZONE 'UTC', instant AT TIME ZONE 'Asia/Kolkata', moment AT TIME ZONE 'America/Los_Angeles', (moment AT TIME ZONE 'UTC') AT TIME ZONE 'Europe/Berlin' FROM clients.kinds WHERE id IN (1, 5) ORDER BY id;
-- refused: a zone by abbreviation | AT TIME ZONE by abbreviation or offset
SELECT id, instant AT TIME ZONE 'EST' FROM clients.kinds;
-- refused: a zone by offset | AT TIME ZONE by abbreviation or offset
SELECT id, instant AT TIME ZONE '+02' FROM clients.kinds;
-- the timezone function | AT TIME ZONE
SELECT id, timezone('UTC', instant) FROM clients.kinds WHERE id IN (1, 5) ORDER BY id;
-- casts of timestamps | casts between dates and timestamps
SELECT id, moment::date, instant::date, day::timestamp, moment::timestamptz, day::timestamptz, instant::timestamp FROM clients.kinds WHERE id IN (1, 5) ORDER BY id;
-- timestamps as text | casts of dates to text
SELECT id, day::text, moment::text, cast(day AS varchar) FROM clients.kinds WHERE id IN (1, 3, 5) ORDER BY id;
-- refused: instants as text | casts of timestamptz to text
SELECT id, instant::text FROM clients.kinds WHERE id IN (1, 5) ORDER BY id;
-- refused: times of day | time
SELECT id, moment::time FROM clients.kinds WHERE id IN (1, 5);
-- between timestamps | BETWEEN
SELECT count(*) FROM patent WHERE grant_date BETWEEN TIMESTAMP '2010-01-01' AND TIMESTAMP '2010-12-31 23:59:59';
-- refused: overlaps | OVERLAPS
SELECT count(*) FROM patent WHERE (filing_date, grant_date) OVERLAPS (DATE '2010-01-01', DATE '2010-02-01');
-- intervals as literals | interval constants
SELECT INTERVAL '1 year 2 months', INTERVAL '3 days 04:05:06', INTERVAL '90 minutes', '2 weeks'::interval, INTERVAL '1' DAY, INTERVAL '-1 month', INTERVAL '1.5 hours', INTERVAL 'P1DT2H', id FROM clients.kinds WHERE id = 1;
-- refused: intervals of months and days | intervals of months and days
SELECT INTERVAL '1 month 2 days', id FROM clients.kinds WHERE id = 1;
-- intervals compared | comparisons of intervals
SELECT id, span > INTERVAL '1 day', span BETWEEN INTERVAL '0' AND INTERVAL '10 days', years > INTERVAL '1 month' FROM clients.kinds WHERE id <> 2 ORDER BY id;
-- intervals scaled and added | interval arithmetic
SELECT INTERVAL '1 day' * 3, INTERVAL '1 hour' / 2, 2 * INTERVAL '1 month', INTERVAL '1 day' + INTERVAL '2 hours', -INTERVAL '1 day', INTERVAL '1 hour' * 1.5, id FROM clients.kinds WHERE id = 1;
-- refused: intervals justified | justify_days, justify_hours
SELECT justify_days(INTERVAL '35 days'), justify_hours(INTERVAL '27 hours'), justify_interval(INTERVAL '1 month -1 hour'), id FROM clients.kinds WHERE id = 1;
-- first and last day of the month | last day of a month
SELECT DISTINCT date_trunc('month', grant_date)::date AS first, (date_trunc('month', grant_date) + INTERVAL '1 month - 1 day')::date AS last, (date_trunc('month', grant_date) + INTERVAL '1 month' - INTERVAL '1 day')::date FROM patent WHERE grant_year = 2004 ORDER BY 1;
-- refused: date_bin | date_bin
SELECT id, date_bin('15 minutes', moment, TIMESTAMP '2001-01-01') FROM clients.kinds WHERE id IN (1, 5) ORDER BY id;
-- refused: infinite dates | infinity
SELECT count(*) FROM patent WHERE grant_date < 'infinity';
-- isfinite | isfinite
SELECT count(*) FROM patent WHERE isfinite(grant_date);
-- fiscal year | date arithmetic
SELECT extract(year FROM grant_date + INTERVAL '3 months') AS fy, count(*) FROM patent WHERE grant_year BETWEEN 2010 AND 2012 GROUP BY 1 ORDER BY 1;
-- same day of other years | date arithmetic
SELECT count(*) FROM patent p JOIN patent q ON q.grant_date = (p.grant_date - INTERVAL '1 year')::date WHERE p.grant_year = 2001;
-- week label | concatenation of fields
SELECT extract(isoyear FROM grant_date)::text || '-W' || lpad(extract(week FROM grant_date)::text, 2, '0') AS w, count(*) FROM patent WHERE grant_year = 2004 GROUP BY 1 ORDER BY 1;
-- cast from text | casts of text to dates
SELECT DISTINCT (grant_year::text || '-07-04')::date FROM patent WHERE grant_year > 2020 ORDER BY 1;
-- a text compared with a date | comparisons of dates
SELECT count(*) FROM patent WHERE grant_date = '2011-05-03' OR grant_date IN ('2012-01-03', '2012-01-10');
