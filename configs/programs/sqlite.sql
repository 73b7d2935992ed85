-- A table of random texts, an index, large groups, a join. What is printed does not depend on the texts.
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c REAL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
  INSERT INTO t SELECT i, hex(randomblob(12)), i * 1.5 FROM n;
CREATE INDEX ti ON t(b);
SELECT count(*), sum(length(b)) FROM (SELECT a, group_concat(b) b FROM t GROUP BY a % 5000);
SELECT count(*) FROM t x JOIN t y ON x.b = y.b;
