-- spi_tracker.lua - what one writes without Espial: a post-dissector that follows each SPI.
-- SPDX-License-Identifier: GPL-2.0-or-later
--
--     tshark -q -r FILE -X lua_script:spi_tracker.lua
--
-- For each SPI and destination: packets, highest sequence number, gaps, duplicates and what is
-- older than a window of 64, shown in the tree and, at the end, as a table (with -X lua_script1:quiet without it).

local arguments = { ... }
local tracker = Proto("spi_tracker", "SPI tracker")
local f_packet = ProtoField.uint32("spi_tracker.packet", "Packet of this SPI")
local f_gap = ProtoField.uint32("spi_tracker.gap", "Sequence numbers skipped")
local f_duplicate = ProtoField.bool("spi_tracker.duplicate", "Sequence number came before")
tracker.fields = { f_packet, f_gap, f_duplicate }

local get_spi = Field.new("esp.spi")
local get_seq = Field.new("esp.sequence")
local get_dst = Field.new("ip.dst")

local WINDOW = 64
local streams, frames = {}, {}

function tracker.init()
    streams, frames = {}, {}
end

local function see(key, seq)
    local s = streams[key]
    if not s then
        s = { packets = 0, highest = seq - 1, gaps = 0, duplicates = 0, old = 0, seen = {} }
        streams[key] = s
    end
    s.packets = s.packets + 1
    local gap, duplicate = 0, false
    if seq > s.highest then
        gap = seq - s.highest - 1
        s.gaps = s.gaps + gap
        for old = s.highest - WINDOW + 1, math.min(seq - WINDOW, s.highest) do
            s.seen[old] = nil
        end
        s.highest = seq
    elseif seq <= s.highest - WINDOW then
        s.old = s.old + 1
        return s, 0, false
    elseif s.seen[seq] then
        duplicate = true
        s.duplicates = s.duplicates + 1
    end
    s.seen[seq] = true
    return s, gap, duplicate
end

function tracker.dissector(tvb, pinfo, tree)
    local spi = get_spi()
    if not spi then
        return
    end
    if not pinfo.visited then
        local key = string.format("%s %08x", tostring(get_dst()), spi.value)
        local s, gap, duplicate = see(key, get_seq().value)
        -- Only what is worth showing is kept, so that a clean packet costs no memory.
        if gap > 0 or duplicate then
            frames[pinfo.number] = { s.packets, gap, duplicate }
        end
    end
    local told = frames[pinfo.number]
    if told then
        local item = tree:add(tracker, "SPI tracker")
        item:add(f_packet, told[1]):set_generated()
        item:add(f_gap, told[2]):set_generated()
        item:add(f_duplicate, told[3]):set_generated()
    end
end

register_postdissector(tracker)

if arguments[1] ~= "quiet" then
    local tap = Listener.new("frame")
    function tap.draw()
        for key, s in pairs(streams) do
            print(string.format("%s: %d packets, highest %d, %d missing, %d twice, %d old", key, s.packets, s.highest, s.gaps,
                                s.duplicates, s.old))
        end
    end
end
