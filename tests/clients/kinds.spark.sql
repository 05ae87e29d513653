-- One column of each kind, with values at the edges; kinds.postgres.sql says the same to the oracle, row by row.
CREATE TABLE clients.kinds (
  id int, flag boolean, tiny tinyint, small smallint, number int, big bigint, single float, double double,
  amount decimal(10,2), huge decimal(38,10), word string, short varchar(10), code char(5), bytes binary,
  day date, instant timestamp, moment timestamp_ntz, years interval year to month, span interval day to second,
  numbers array<int>, words array<string>, amounts array<decimal(6,2)>, days array<date>,
  tags map<string,int>, thing struct<name:string,size:int>
) USING parquet;
INSERT INTO clients.kinds VALUES
  (1, true, 1Y, 2S, 3, 4L, 1.5F, 2.5D, 12.30BD, 1234567890.0123456789BD, 'plain', 'short', 'abc', X'00ff10',
   DATE'2024-02-29', TIMESTAMP'2024-02-29 12:34:56.789012 UTC', TIMESTAMP_NTZ'2024-02-29 12:34:56.789012',
   INTERVAL '1-2' YEAR TO MONTH, INTERVAL '3 04:05:06.789' DAY TO SECOND,
   array(1, 2, 3), array('a', 'b c', '"q"'), array(1.50BD, -2.25BD), array(DATE'2000-01-01'),
   map('a', 1), named_struct('name', 'n', 'size', 7)),
  (2, false, -128Y, -32768S, -2147483648, -9223372036854775808L, CAST('-Infinity' AS float),
   CAST('-Infinity' AS double), -99999999.99BD, -9999999999999999999999999999.9999999999BD, '', '', '', X'',
   DATE'0001-01-01', TIMESTAMP'1900-01-01 00:00:00 UTC', TIMESTAMP_NTZ'1582-10-04 23:59:59.999999',
   INTERVAL '-5-11' YEAR TO MONTH, INTERVAL '-10 11:12:13.5' DAY TO SECOND,
   CAST(array() AS array<int>), array('', 'NULL', 'x,y', 'back\\slash'), CAST(array() AS array<decimal(6,2)>),
   array(DATE'1500-03-01', NULL),
   CAST(map() AS map<string,int>), named_struct('name', CAST(NULL AS string), 'size', 0)),
  (3, true, 127Y, 32767S, 2147483647, 9223372036854775807L, CAST('NaN' AS float), CAST('NaN' AS double),
   99999999.99BD, 9999999999999999999999999999.9999999999BD, 'näïve ☃ 𝄞\ttab\nline', 'ünïcödé', 'äöü',
   X'deadbeef', DATE'9999-12-31', TIMESTAMP'2262-04-11 23:47:16.854775 UTC',
   TIMESTAMP_NTZ'9999-12-31 23:59:59.999999', INTERVAL '0-0' YEAR TO MONTH, INTERVAL '0 00:00:00' DAY TO SECOND,
   array(NULL, -1), array(NULL, 'ä'), array(0.00BD, NULL, 9999.99BD), array(DATE'9999-12-31'),
   map('k', NULL, 'a', -1), named_struct('name', 'ä"', 'size', -7)),
  (4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
   NULL, NULL, NULL, NULL, NULL, NULL),
  (5, false, 0Y, 0S, 0, 0L, CAST(1e-10 AS float), 1e100D, 0.00BD, 0.0000000001BD, 'back\\slash', 'it''s', 'a',
   X'5c', DATE'1970-01-01', TIMESTAMP'1969-12-31 23:59:59.999999 UTC', TIMESTAMP_NTZ'1970-01-01 00:00:00',
   INTERVAL '100' YEAR, INTERVAL '0.000001' SECOND, array(0), array('a\\b'), array(1.00BD), array(DATE'1970-01-01'),
   map('x', 0), named_struct('name', '', 'size', 1))
