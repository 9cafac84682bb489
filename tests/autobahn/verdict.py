"""Counts what the cases of a report came to. Fails unless there are some and all are as they may be."""

import io
import json
import sys

ALLOWED = ("OK", "NON-STRICT", "INFORMATIONAL")


def number(case):
    return [int(part) for part in case.split(".")]


with io.open(sys.argv[1], encoding="utf-8") as index:
    ((agent, cases),) = json.load(index).items()

counts = {}
wrong = []
for case in sorted(cases, key=number):
    outcome = cases[case]
    behaviors = (outcome["behavior"], outcome["behaviorClose"])
    counts[behaviors[0]] = counts.get(behaviors[0], 0) + 1
    if any(behavior not in ALLOWED for behavior in behaviors):
        wrong.append("case %s: %s, its close: %s" % ((case,) + behaviors))

for line in wrong:
    print(line)
print("%s: %d cases: %s" % (agent, len(cases), ", ".join("%d %s" % (counts[name], name) for name in sorted(counts))))
sys.exit(1 if wrong or not cases else 0)
