"""A library of 100,000 connections in 2,000 groups, as a backup that farwired restores: library.py FILE [CONNECTIONS]."""

import json
import sys
import zlib

MACHINES, GROUPS, LARGE_GROUP = 100_000, 2_000, 10_000
# Names lie in another order than identifiers do, so that sorting them is work.
STRIDE = 7919


def machine(number):
    """A connection as the store keeps it. The first group holds the first ten thousand; one of a hundred was used."""
    group = 0 if number < LARGE_GROUP else 1 + number % (GROUPS - 1)
    return {
        "id": f"c_{number:06}", "name": f"host-{number * STRIDE % MACHINES:06}", "protocol": "VNC",
        "host": f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}",
        "port": 5901, "via": None, "group": f"g_{group:04}", "tags": ["bench", f"rack-{number % 50}"], "is_favorite": False,
        "notes": "behind the stairs", "mac": None, "settings": {}, "revision": 1, "created": 1_700_000_000, "modified": 1_700_000_000,
        "last_connected": 1_700_000_000 + number if number % 100 == 77 else None,
    }


def write_backup(path, machines=MACHINES):
    """The library, or so much of it, as a backup: a header, a line a record, and a footer with a checksum."""
    header = {"format": "farwire-store", "version": 1, "schema": 2, "app": "bench", "store": "0" * 32, "sequence": 1}
    checksum = 0
    with open(path, "wb") as file:
        def line(thing):
            nonlocal checksum
            text = json.dumps(thing, separators=(",", ":")).encode() + b"\n"
            checksum = zlib.crc32(text, checksum)
            file.write(text)

        line(header)
        for number in range(GROUPS):
            key = f"g_{number:04}"
            line({"tree": "groups", "key": key, "json": {"id": key, "name": f"Group {number}", "parent": None, "revision": 1}})
        for number in range(machines):
            one = machine(number)
            line({"tree": "connections", "key": one["id"], "json": one})
        line({"records": GROUPS + machines, "crc32": checksum})


if __name__ == "__main__":
    write_backup(sys.argv[1], *map(int, sys.argv[2:]))
