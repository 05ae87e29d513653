-- The oracle's half of kinds.spark.sql.
CREATE TABLE clients.kinds (
  id int, flag boolean, tiny smallint, small smallint, number int, big bigint, single real, double float8,
  amount numeric(10,2), huge numeric(38,10), word text, short varchar(10), code char(5), bytes bytea,
  day date, instant timestamptz, moment timestamp, years interval, span interval,
  numbers int[], words text[], amounts numeric(6,2)[], days date[], tags jsonb, thing jsonb
);
INSERT INTO clients.kinds VALUES
  (1, true, 1, 2, 3, 4, 1.5, 2.5, 12.30, 1234567890.0123456789, 'plain', 'short', 'abc', '\x00ff10',
   '2024-02-29', '2024-02-29 12:34:56.789012Z', '2024-02-29 12:34:56.789012',
   '1 year 2 months', '3 days 04:05:06.789', '{1,2,3}', ARRAY['a', 'b c', '"q"'], '{1.50,-2.25}', '{2000-01-01}',
   '{"a": 1}', '{"name": "n", "size": 7}'),
  (2, false, -128, -32768, -2147483648, -9223372036854775808, '-Infinity', '-Infinity',
   -99999999.99, -9999999999999999999999999999.9999999999, '', '', '', '',
   '0001-01-01', '1900-01-01 00:00:00Z', '1582-10-04 23:59:59.999999',
   '-5 years -11 months', '-10 days -11:12:13.5', '{}', ARRAY['', 'NULL', 'x,y', 'back\slash'], '{}',
   '{1500-03-01,NULL}', '{}', '{"name": null, "size": 0}'),
  (3, true, 127, 32767, 2147483647, 9223372036854775807, 'NaN', 'NaN',
   99999999.99, 9999999999999999999999999999.9999999999, E'näïve ☃ 𝄞\ttab\nline', 'ünïcödé', 'äöü',
   '\xdeadbeef', '9999-12-31', '2262-04-11 23:47:16.854775Z', '9999-12-31 23:59:59.999999', '0', '0',
   '{NULL,-1}', ARRAY[NULL, 'ä'], '{0.00,NULL,9999.99}', '{9999-12-31}', '{"k": null, "a": -1}',
   '{"name": "ä\"", "size": -7}'),
  (4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
   NULL, NULL, NULL, NULL, NULL, NULL),
  (5, false, 0, 0, 0, 0, 1e-10, 1e100, 0.00, 0.0000000001, 'back\slash', 'it''s', 'a',
   '\x5c', '1970-01-01', '1969-12-31 23:59:59.999999Z', '1970-01-01 00:00:00',
   '100 years', '0.000001 seconds', '{0}', ARRAY['a\b'], '{1.00}', '{1970-01-01}', '{"x": 0}',
   '{"name": "", "size": 1}')
