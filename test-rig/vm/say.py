"""Says in a few lines what a bed's JSON object holds: `say.py BED EXIT <result.json`."""

import json
import sys

bed, code = sys.argv[1:]
result = json.load(sys.stdin)
air, versions = result["on_air"], result["versions"]
links = ", ".join(f"{l['central']}→{l['peripheral']} MTU {l['mtu']}" for l in air["links"])
valid = sum(history["valid"] for history in result["histories"])
controllers = ", ".join(f"{a['name']} {a['address']}" for a in result["adapters"])


def spread(times, unit):
    return f"p50 {times['p50']} p95 {times['p95']} max {times['max']} {unit}" if times else "none"


print(f"{bed}: exit {code}, {result['outcome']}, {result['rolls']} rolls, {result['decisions']} decisions, "
      f"{result['view_changes']} view changes, evicted {result['evicted']}, "
      f"{valid} of {len(result['histories'])} histories verify")
print(f"  kernel {versions['kernel']}, BlueZ {versions['bluez']}, btleplug {versions['btleplug']}, bluer {versions['bluer']}; "
      f"{len(result['adapters'])} controllers: {controllers}")
print(f"  linked and keyed in {result['formation_ms']} ms: {links}; {air['link_ups']} ends up, {air['link_downs']} down, "
      f"{air['dials_failed']} dials failed, {air['strangers']} strangers")
print(f"  a bet decided after {spread(result['decide_ms'], 'ms')}; a roll thrown after {spread(result['roll_ms'], 'ms')}")
print(f"  {air['chunks']} chunks, {air['bytes']} B, {air['chunks_missing']} missing, each {spread(air['chunk_us'], 'µs')}; "
      f"busiest second {air['peak_bytes_per_second']} B; {result['peak_memory_kib']} KiB of memory")
for name, found in result["properties"].items():
    if found["status"] == "violated":
        print(f"  {name} VIOLATED: {found['violation']}")
