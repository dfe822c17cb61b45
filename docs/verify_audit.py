"""Verifies what `shinsatsu audit export` wrote, without shinsatsu: python verify_audit.py EXPORT ANCHOR [ANCHOR ...]"""

import hashlib
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

keys, expected, events, faults, anchored, exported = {}, {}, {}, [], [], []
ends = {"head": {}, "tombstone": {}}
previous = GENESIS = "0" * 64
MISSING = "missing; or this anchor is newer than the export: copy the anchor first, then export"


def canonical(value):  # RFC 8785, for JSON without floats and with ASCII keys
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def signed(line, first=False):  # takes in a key that a trusted one introduces, or that an anchor begins with
    said = line["signed"]
    if not first:
        try:
            keys[said["kid"]].verify(bytes.fromhex(line["signature"]), canonical(said))
        except (KeyError, TypeError, ValueError, InvalidSignature):
            return False
    if said["kind"] == "key":
        keys[said["introduces"]] = Ed25519PublicKey.from_public_bytes(bytes.fromhex(said["publicKey"]))
    return True


for path in sys.argv[2:]:
    for number, line in enumerate(map(json.loads, open(path, encoding="utf-8"))):
        anchored.append(said := line["signed"])
        if said["kind"] == "key":
            signed(line, first=number == 0)
        hashes = reversed(line.get("hashes", []))  # of the events that a head was signed for
        listed = [(said["chain"], said["seq"] - back, one) for back, one in enumerate(hashes)]
        for chain, seq, one in listed + said.get("heads", []):
            if expected.setdefault(chain, {}).setdefault(seq, one) != one:
                faults.append(f"{chain} {seq}: signed twice, with different content")
for number, text in enumerate(open(sys.argv[1], encoding="utf-8", errors="surrogateescape"), 1):
    try:
        line = json.loads(text)
        if event := line.get("event"):
            row = (event["seq"], event["prevHash"], line["hash"], hashlib.sha256(canonical(event)).hexdigest())
            events.setdefault(event["chain"], []).append(row)
            continue
        exported.append(said := line["signed"])
        if not signed(line) or said.get("previous", previous) != previous:
            faults.append(f"{said['kind']} {said.get('chain', said.get('number'))}: not as it was signed")
        if said["kind"] == "checkpoint":
            previous = hashlib.sha256(canonical(said)).hexdigest()
        elif said["kind"] in ends:
            ends[said["kind"]][said["chain"]] = (int(said["seq"]), said["hash"])
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        faults.append(f"line {number} of the export: cannot be read: {ascii(text)[1:80]}")
must = [one for one in anchored if one["kind"] in ("checkpoint", "tombstone") and one not in exported]
faults += [f"{one['kind']} {one.get('chain', one.get('number'))}: {MISSING}" for one in must]
for chain in events.keys() | ends["head"].keys() | ends["tombstone"].keys() | expected.keys():
    at, known = ends["tombstone"].get(chain, (0, GENESIS)), expected.get(chain, {})
    head, what = ends["head"].get(chain, (0, GENESIS)), "changed, removed, inserted or reordered"
    for row in events.get(chain, []):
        if at == head or row != (at[0] + 1, at[1], row[3], known.get(at[0] + 1, row[3])):
            break  # a row beyond the signed head is one too many
        at = (at[0] + 1, row[3])
    else:
        what = (MISSING if at[0] < max(known, default=0) else "") if at == head else what
    faults += [f"{chain} {at[0] + 1}: {what}"] if what else []
print(*(faults or ["all as it was written"]), sep="\n")
sys.exit(1 if faults or not anchored else 0)
