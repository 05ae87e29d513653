-- Run one after another on the server and on a real PostgreSQL: tags and the rows in the end have to be the same.
-- A line a statement; t is (a int, b text DEFAULT 'd', c date, n numeric(6,2) NOT NULL DEFAULT 1.5).
INSERT INTO t DEFAULT VALUES
INSERT INTO t VALUES (1, DEFAULT), (2, DEFAULT)
INSERT INTO t (a, c) VALUES (5, DEFAULT), (6, '2024-01-01')
INSERT INTO t VALUES (DEFAULT, 'x', DEFAULT, 2.345), (DEFAULT, 'y', DEFAULT, 7)
INSERT INTO t (a) VALUES (DEFAULT), (DEFAULT)
INSERT INTO t (a, b) VALUES ((SELECT max(a) + 1 FROM t), 'sub'), (9, NULL)
INSERT INTO t (b, a) VALUES (upper('one'), (SELECT count(*) FROM t))
INSERT INTO t SELECT '77', b, '2024-05-06' FROM t WHERE a = 1
INSERT INTO t SELECT * FROM t WHERE a = 2
INSERT INTO t (n, a) SELECT a * 1.005, n FROM t WHERE a = 6
INSERT INTO t (a) WITH x AS (SELECT a FROM t WHERE a = 2) SELECT a FROM x
INSERT INTO t (b) SELECT a FROM t WHERE a = 1
INSERT INTO t (b) SELECT c FROM t WHERE a = 6
INSERT INTO t (c) SELECT c + 1 FROM t WHERE a = 6
INSERT INTO t (a, b) SELECT 1, NULL FROM t WHERE a > 100
INSERT INTO t (a) VALUES (1), (3) ORDER BY 1 DESC LIMIT 1
INSERT INTO t (a, b) SELECT n, repeat('x', n) FROM generate_series(1, 3) AS n
INSERT INTO t (a) SELECT 12.5
INSERT INTO t (b) SELECT 12.50
INSERT INTO t (b) VALUES (true), (NULL)
INSERT INTO t (b) VALUES ('${x} \ '' "'), (E'a\nb')
INSERT INTO t (a) SELECT a FROM t WHERE a = 1 UNION ALL SELECT 4
INSERT INTO t (a, b) (SELECT a, b FROM t WHERE b = 'x' ORDER BY a LIMIT 1)
CREATE TABLE u AS SELECT b, count(*) AS k, sum(a) AS s FROM t GROUP BY b
INSERT INTO t (a, b) SELECT k, b FROM u WHERE b IS NOT NULL
DROP TABLE u
CREATE TABLE u (x, y) AS VALUES (1, 'one'), (2, NULL)
INSERT INTO t (a, b) SELECT x, y FROM u
CREATE VIEW v (p, q) AS SELECT x + 1, y FROM u WHERE x < 9
INSERT INTO t (a, b) SELECT p, q FROM v
DROP VIEW v
DROP TABLE u
