# A document is written and parsed, and a table of strings grows beside it.
import json
import random

random.seed(1)
rows = [{"id": i, "name": "n%d" % i, "values": [random.random() for _ in range(5)]} for i in range(40000)]
text = json.dumps(rows)
back = json.loads(text)
table = {}
for i in range(300000):
    table[str(i)] = str(i * 7)
print(len(text), len(back), len(table))
