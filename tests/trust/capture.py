"""A capture file as frames, and the same file with more frames in it.

The true frames are written back octet for octet, with their times, interfaces and lengths: whatever
differs between the two reports then comes from the forged frames alone.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import struct

SECTION, INTERFACE, ENHANCED = 0x0a0d0d0a, 1, 6


class Frame:
    """number: from 1, as Wireshark counts; ticks: its time, in units of its interface."""
    __slots__ = ("number", "interface", "ticks", "octets", "block")

    def __init__(self, number, interface, ticks, octets, block):
        self.number, self.interface, self.ticks, self.octets, self.block = number, interface, ticks, octets, block


class Forged:
    """A frame to put in. after: the true frame that it follows (0: before the first one).
    late: parts of 1000 of the way to the next true frame; None: as the others at that place."""
    __slots__ = ("after", "octets", "late")

    def __init__(self, after, octets, late=None):
        self.after, self.octets, self.late = after, octets, late


class Capture:
    """A pcapng file of one section. head: what stands before its first frame."""

    def __init__(self, path):
        with open(path, "rb") as f:
            data = f.read()
        self.path, self.frames, self.links, at, head = path, [], [], 0, []
        self.order = ">" if data[8:12] == b"\x1a\x2b\x3c\x4d" else "<"
        while at + 12 <= len(data):
            kind, size = struct.unpack(self.order + "II", data[at:at + 8])
            block = data[at:at + size]
            if size < 12:
                break
            if kind == ENHANCED:
                self.take(block)
            elif not self.frames:
                head.append(block)
                if kind == INTERFACE:
                    self.links.append(struct.unpack(self.order + "H", block[8:10])[0])
            at += size
        self.head = b"".join(head)

    def take(self, block):
        interface, high, low, captured, _ = struct.unpack(self.order + "IIIII", block[8:28])
        self.frames.append(Frame(len(self.frames) + 1, interface, (high << 32) + low, block[28:28 + captured], block))

    def block(self, ticks, octets, interface):
        padded = octets + bytes(-len(octets) % 4)
        size = 32 + len(padded)
        return struct.pack(self.order + "IIIIIII", ENHANCED, size, interface, ticks >> 32, ticks & 0xffffffff,
                           len(octets), len(octets)) + padded + struct.pack(self.order + "I", size)

    def places(self, forged):
        """{true frame: the forged ones that follow it}, in their order there."""
        result = {}
        for one in forged:
            result.setdefault(min(max(one.after, 0), len(self.frames)), []).append(one)
        for ones in result.values():
            step = 1000 / (len(ones) + 1)
            order = [step * (n + 1) if o.late is None else o.late for n, o in enumerate(ones)]
            ones[:] = [ones[n] for n in sorted(range(len(ones)), key=lambda n: (order[n], n))]
        return result

    def write(self, path, forged):
        """With the forged frames; returns the number that each true frame now has, and those of the forged."""
        places, out, numbers, theirs, count = self.places(forged), [self.head], {}, set(), 0
        for n in range(len(self.frames) + 1):
            if n:
                count += 1
                numbers[n] = count
                out.append(self.frames[n - 1].block)
            ones = places.get(n, ())
            for k, one in enumerate(ones):
                count += 1
                theirs.add(count)
                out.append(self.block(self.time(n, k, len(ones), one.late), one.octets, self.frames[max(n, 1) - 1].interface))
        with open(path, "wb") as f:
            f.write(b"".join(out))
        return numbers, theirs

    def time(self, n, k, of, late):
        """Of the forged frame k of those behind true frame n: between it and the next, in order."""
        before = self.frames[n - 1].ticks if n else self.frames[0].ticks - 20000
        after = self.frames[n].ticks if n < len(self.frames) else before + 2000
        part = (k + 1) / (of + 1) if late is None else late / 1000
        return before + int(max(0, after - before) * part)
