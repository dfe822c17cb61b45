"""Verifies what `shinsatsu audit export` wrote, without shinsatsu: python verify_audit.py EXPORT ANCHOR [ANCHOR ...]"""

import hashlib
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

keys, expected, events, faults, anchored, exported = {}, {}, {}, [], [], []
ends = {"head": {}, "tombstone": {}}
previous = GENESIS = "0" * 64


def canonical(value):  # RFC 8785, for JSON without floats and with ASCII keys
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def signed(line):
    try:
        keys[line["signed"]["kid"]].verify(bytes.fromhex(line["signature"]), canonical(line["signed"]))
        return True
    except (KeyError, ValueError, InvalidSignature):
        return False


for path in sys.argv[2:]:  # an anchor's first line is a key that is trusted; others are introduced by a trusted one
    for number, line in enumerate(map(json.loads, open(path, encoding="utf-8"))):
        anchored.append(said := line["signed"])
        if said["kind"] == "key" and (number == 0 or signed(line)):
            keys[said["introduces"]] = Ed25519PublicKey.from_public_bytes(bytes.fromhex(said["publicKey"]))
        hashes = reversed(line.get("hashes", []))  # of the events that a head was signed for
        listed = [(said["chain"], said["seq"] - back, one) for back, one in enumerate(hashes)]
        for chain, seq, one in listed + said.get("heads", []):
            if expected.setdefault(chain, {}).setdefault(seq, one) != one:
                faults.append(f"{chain} {seq}: signed twice, with different content")
for line in map(json.loads, open(sys.argv[1], encoding="utf-8")):
    if "event" in line:
        events.setdefault(line["event"]["chain"], []).append((line["event"], line["hash"]))
        continue
    exported.append(said := line["signed"])
    if not signed(line) or said.get("previous", previous) != previous:
        faults.append(f"{said['kind']} {said.get('chain', said.get('number'))}: not as it was signed")
    if said["kind"] == "checkpoint":
        previous = hashlib.sha256(canonical(said)).hexdigest()
    elif said["kind"] in ends:
        ends[said["kind"]][said["chain"]] = (said["seq"], said["hash"])
must = [one for one in anchored if one["kind"] in ("checkpoint", "tombstone") and one not in exported]
faults += [f"{one['kind']} {one.get('chain', one.get('number'))}: missing" for one in must]
for chain in events.keys() | ends["head"].keys() | expected.keys():
    at, known = ends["tombstone"].get(chain, (0, GENESIS)), expected.get(chain, {})
    for event, stated in events.get(chain, []):
        found, seq = hashlib.sha256(canonical(event)).hexdigest(), at[0] + 1
        if (event["seq"], event["prevHash"], stated, known.get(seq, found)) != (seq, at[1], found, found):
            break
        at = (seq, found)
    if at != ends["head"].get(chain) or at[0] < max(known, default=0):
        faults.append(f"{chain} {at[0] + 1}: changed, removed, inserted or reordered")
print(*(faults or ["all as it was written"]), sep="\n")
sys.exit(1 if faults or not anchored else 0)
