"""Verifies what `shinsatsu audit export` wrote, without shinsatsu: python verify_audit.py EXPORT ANCHOR [ANCHOR ...]"""

import json
import sys
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

keys, expected, events, faults, anchored, exported = {}, {}, {}, [], [], []
ends = {"head": {}, "tombstone": {}}
previous = GENESIS = "0" * 64
MISSING = "missing; or this anchor is newer than the export: copy the anchor first, then export"
canonical = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode  # RFC 8785


def signed(said, signature, first=False):  # takes in a key that a trusted one introduces, or an anchor begins with
    try:
        _ = first or keys[said["kid"]].verify(bytes.fromhex(signature), canonical(said).encode())
        if said["kind"] == "key":
            keys[said["introduces"]] = Ed25519PublicKey.from_public_bytes(bytes.fromhex(said["publicKey"]))
        return True
    except (KeyError, TypeError, ValueError, InvalidSignature):
        return False


for path in sys.argv[2:]:
    for number, line in enumerate(map(json.loads, open(path, encoding="utf-8"))):
        anchored.append(said := line["signed"])
        _ = said["kind"] == "key" and signed(said, line["signature"], number == 0)
        newest = enumerate(reversed(line.get("hashes", [])))  # of the events that a head was signed for
        heads = [(said["chain"], said["seq"] - back, one) for back, one in newest] + said.get("heads", [])
        for chain, seq, one in heads:
            if expected.setdefault(chain, {}).setdefault(seq, one) != one:
                faults.append(f"{chain} {seq}: signed twice, with different content")
for text in open(sys.argv[1], encoding="utf-8", errors="surrogateescape"):
    try:
        if event := (line := json.loads(text)).get("event"):
            row = (event["seq"], event["prevHash"], line["hash"], sha256(canonical(event).encode()).hexdigest())
            events.setdefault(event["chain"], []).append(row)
            continue
        exported.append(said := line["signed"])
        if not signed(said, line.get("signature")) or said.get("previous", previous) != previous:
            faults.append(f"{said['kind']} {said.get('chain', said.get('number'))}: not as it was signed")
        previous = sha256(canonical(said).encode()).hexdigest() if said["kind"] == "checkpoint" else previous
        if said["kind"] in ends:
            ends[said["kind"]][said["chain"]] = (int(said["seq"]), said["hash"])
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        faults.append(f"not to be read: {ascii(text)[1:200]}")
must = [one for one in anchored if one["kind"] in ("checkpoint", "tombstone") and one not in exported]
faults += [f"{one['kind']} {one.get('chain', one.get('number'))}: {MISSING}" for one in must]
for chain in events.keys() | ends["head"].keys() | ends["tombstone"].keys() | expected.keys():
    at, known = ends["tombstone"].get(chain, (0, GENESIS)), expected.get(chain, {})
    head, left = ends["head"].get(chain, (0, GENESIS)), events.get(chain, [])[::-1]
    while left and at != head and left[-1] == (at[0] + 1, at[1], found := left[-1][3], known.get(at[0] + 1, found)):
        at = (at[0] + 1, left.pop()[3])
    if (wrong := left or at != head) or at[0] < max(known, default=0):  # a row beyond the signed head is left as well
        faults.append(f"{chain} {at[0] + 1}: {'changed, removed, inserted or reordered' if wrong else MISSING}")
print(*(faults or ["all as it was written"]), sep="\n")
sys.exit(1 if faults or not anchored else 0)
