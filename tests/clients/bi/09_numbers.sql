-- family: Numbers
-- integer division | integer division
SELECT 7 / 2, -7 / 2, 7 % 3, -7 % 3, mod(7, -3), div(7, 2), div(-7.5, 2), grant_year / 10, -grant_year / 7 FROM patent ORDER BY patent_id LIMIT 3;
-- decimal division | division
SELECT 7 / 2.0, 1.0 / 3, 10 / 4.00, num_claims / 3.0, num_claims::numeric / 7, num_claims::float8 / 7, num_claims / 7::real FROM patent WHERE num_claims IS NOT NULL ORDER BY patent_id LIMIT 20;
-- decimals' scale | scale of decimals
SELECT 1.50 + 2.5, 1.50 * 2.5, 1.10 - 0.1, 2 * 1.500, 0.1 + 0.2, 100.00, -0.0, amount + 1, amount * 2, amount * 1.5, -amount FROM clients.kinds ORDER BY id;
-- decimals divided | scale of decimals
SELECT amount / 3, amount / 0.01, 2.00 / 4, 1 / 3.000, 22 / 7.0, 1e10 / 3.0 FROM clients.kinds WHERE id IN (1, 3, 5) ORDER BY id;
-- rounding | round, trunc, ceil, floor
SELECT round(2.5), round(-2.5), round(3.14159, 2), round(1234.5, -2), trunc(2.9), trunc(-2.99, 1), ceil(1.2), floor(-1.2), ceiling(4.0), round(2.5::float8), round(3.5::float8), round(0.5::float8), id FROM clients.kinds WHERE id = 1;
-- rounding columns | round, trunc, ceil, floor
SELECT id, round(amount), round(amount, 1), trunc(amount), trunc(amount, 1), ceil(amount), floor(amount), round(double), trunc(double), ceil(single), floor(double) FROM clients.kinds WHERE id IN (1, 5) ORDER BY id;
-- rounding integers | round, trunc, ceil, floor
SELECT round(num_claims), round(num_claims, 1), round(num_claims, -1), trunc(num_claims), ceil(num_claims / 4.0), floor(num_claims / 4.0), trunc(num_claims, -1) FROM patent WHERE num_claims IS NOT NULL ORDER BY patent_id LIMIT 10;
-- rounding quotients | round, trunc, ceil, floor
SELECT round(num_claims / 7.0, 3), trunc(num_claims / 7.0, 2), ceil(num_claims / 7.0), floor(num_claims / 7.0), round(num_claims / 7.0) FROM patent WHERE num_claims IS NOT NULL ORDER BY patent_id LIMIT 20;
-- refused: a computed number of places | round to computed places
SELECT id, round(amount, id - 1) FROM clients.kinds ORDER BY id;
-- roots and powers | sqrt, power, exp, ln, log
SELECT sqrt(2), sqrt(2.0), cbrt(27.0), power(2, 10), power(2.0, 3), 2 ^ 10, 2.0 ^ 0.5, exp(1), exp(1.0), ln(10), ln(10.0), log(100), log(100.0), log(2.0, 64.0), id FROM clients.kinds WHERE id = 1;
-- roots of columns | sqrt, power, exp, ln, log
SELECT patent_id, sqrt(num_claims), power(num_claims, 2), ln(num_claims), log(num_claims), num_claims ^ 2, exp(num_claims / 100.0), sqrt(num_claims::numeric), power(num_claims::numeric, 2), ln(num_claims::numeric) FROM patent WHERE num_claims > 0 ORDER BY patent_id LIMIT 20;
-- angles | trigonometry
SELECT sin(1), cos(1), tan(1), asin(0.5), acos(0.5), atan(1), atan2(1, 2), degrees(1), radians(180), pi(), cot(1), sinh(1), cosh(1), tanh(1), id FROM clients.kinds WHERE id = 1;
-- refused: degrees | trigonometry in degrees
SELECT sind(30), cosd(60), tand(45), id FROM clients.kinds WHERE id = 1;
-- signs | abs, sign
SELECT abs(-5), abs(-5.5), sign(-5), sign(0.0), sign(5.5::float8), abs(amount), sign(amount), id FROM clients.kinds WHERE id IN (1, 2) ORDER BY id;
-- refused: the absolute value as an operator | operator @
SELECT @ amount FROM clients.kinds;
-- remainders | mod, %
SELECT mod(num_claims, 5), num_claims % 7, mod(num_claims::numeric, 2.5), mod(-num_claims, 3) FROM patent WHERE num_claims IS NOT NULL ORDER BY patent_id LIMIT 20;
-- refused: divisors | gcd, lcm
SELECT gcd(12, 18), lcm(4, 6), id FROM clients.kinds WHERE id = 1;
-- refused: factorial | factorial
SELECT factorial(10), id FROM clients.kinds WHERE id = 1;
-- buckets | width_bucket
SELECT width_bucket(num_claims, 0, 100, 10) AS b, count(*) FROM patent WHERE num_claims IS NOT NULL GROUP BY 1 ORDER BY 1;
-- buckets of decimals | width_bucket
SELECT width_bucket(num_claims::numeric, 0.5, 50.5, 4) AS b, min(num_claims), max(num_claims) FROM patent WHERE num_claims IS NOT NULL GROUP BY 1 ORDER BY 1;
-- refused: buckets by thresholds | width_bucket over an array
SELECT width_bucket(num_claims, ARRAY[5, 10, 20, 50]) AS b, count(*) FROM patent WHERE num_claims IS NOT NULL GROUP BY 1 ORDER BY 1;
-- bits | bitwise operators
SELECT 5 & 3, 5 | 3, 5 # 3, ~5, 1 << 4, 256 >> 2, grant_year & 15, grant_year # 1, 1 << (grant_year % 8) FROM patent ORDER BY patent_id LIMIT 5;
-- numbers as text | to_char of numbers
SELECT to_char(1234567.891, 'FM9,999,999.00'), to_char(-5, 'FM999'), to_char(0.5, 'FM990.0%'), to_char(12, '0000'), to_char(1234, '9,999'), to_char(0, 'FM999'), to_char(-1234.5, '9G999D99'), to_char(3.14159, '9.99'), to_char(0.5, '9.99'), to_char(0, '9.99'), to_char(-0.001, '990.99'), to_char(1.5, 'FM990.99'), to_char(1, 'FM990.99'), to_char(12, 'FM0,000'), to_char(12345, '$99,999'), id FROM clients.kinds WHERE id = 1;
-- refused: signs in templates | to_char with S, MI, PR
SELECT to_char(num_claims, 'S99') FROM patent;
-- aggregates as text | to_char of numbers
SELECT source, to_char(count(*), 'FM999,999'), to_char(avg(num_claims), 'FM990.00'), to_char(count(*) * 100.0 / 59931, 'FM990.0') || '%' FROM patent GROUP BY source ORDER BY source;
-- overflowing templates | to_char of numbers
SELECT to_char(12345, '999'), to_char(123.456, 'FM99.9'), to_char(num_claims, '99'), to_char(num_claims, 'FM00') FROM patent WHERE num_claims > 95 ORDER BY patent_id LIMIT 10;
-- refused: roman numbers | to_char with RN
SELECT to_char(2024, 'RN'), to_char(5, 'FM999th'), to_char(1234.5, 'L9999D99'), to_char(1234.5, '9.99EEEE'), id FROM clients.kinds WHERE id = 1;
-- refused: numbers from text | to_number
SELECT to_number('1,234.50', '9,999.99'), to_number('42', '99'), id FROM clients.kinds WHERE id = 1;
-- random | random
SELECT random() >= 0 AND random() < 1, id FROM clients.kinds WHERE id = 1;
-- large numbers | numeric literals
SELECT 9223372036854775807, 12345678901234567890, 1e3, 1.5e-3, .5, 5., 0x1F, 1_000, id FROM clients.kinds WHERE id = 1;
-- sums that outgrow an integer | sums of large numbers
SELECT sum(number::bigint), sum(big), avg(big), sum(number) FROM clients.kinds;
-- floats | floating point
SELECT id, single, double, single + 1, double * 2, single * double, single::float8 FROM clients.kinds WHERE id = 1 ORDER BY id;
-- special floats | floating point
SELECT id, double, double = 'NaN', double > 0, single = 'Infinity', -double FROM clients.kinds ORDER BY id;
-- floats grouped and sorted | floating point
SELECT double, count(*) FROM clients.kinds GROUP BY double ORDER BY double;
-- refused: floats as text | casts of floats to text
SELECT id, double::text, single::text FROM clients.kinds WHERE id IN (1, 5) ORDER BY id;
-- floats as numerics | casts between numbers
SELECT id, double::numeric(10,2), single::numeric, round(double::numeric, 1), amount::float8, amount::int, number::numeric(12,1), small::bigint FROM clients.kinds WHERE id = 1 ORDER BY id;
-- greatest of mixed types | greatest, least
SELECT greatest(1, 2.5), least(num_claims, 10), greatest(num_claims, NULL, 3), least(1.0, 1), greatest(num_claims::float8, 7.5) FROM patent ORDER BY patent_id LIMIT 10;
-- negative zero and signs | scale of decimals
SELECT 0.00, -0.00, 1 - 1.00, 0 * 1.5, abs(-0.50), +5, - -5, id FROM clients.kinds WHERE id = 1;
-- percent change with nulls | division with NULLIF
SELECT source, round((max(num_claims) - min(num_claims)) * 100.0 / NULLIF(min(num_claims), 0), 2) FROM patent GROUP BY source ORDER BY source;
-- averages compared | comparisons of averages
SELECT source FROM patent GROUP BY source HAVING avg(num_claims) > 15.5 ORDER BY source;
-- powers of ten | sqrt, power, exp, ln, log
SELECT floor(log(num_claims))::int AS magnitude, count(*) FROM patent WHERE num_claims > 0 GROUP BY 1 ORDER BY 1;
-- refused: min_scale and trim_scale | scale functions
SELECT scale(1.500), trim_scale(1.500), min_scale(1.500), id FROM clients.kinds WHERE id = 1;
-- financial rounding | round, trunc, ceil, floor
SELECT round(amount * 0.19, 2), round(amount / 1.19, 2), (amount * 100)::bigint, amount::int FROM clients.kinds WHERE id IN (1, 5) ORDER BY id;
-- a numeric with a negative scale | round, trunc, ceil, floor
SELECT round(grant_year, -2), round(grant_year::numeric / 3, 0), round(sum(num_claims)::numeric / 1000, 1) FROM patent WHERE grant_year > 2023 GROUP BY grant_year ORDER BY grant_year;
