-- A post-dissector that runs after Espial's, and says what it is given.
-- SPDX-License-Identifier: GPL-2.0-or-later
local p = Proto("neighbour", "Neighbour")
local layers = ProtoField.string("neighbour.layers", "Layers")
local current = ProtoField.string("neighbour.current", "Protocol at hand")
p.fields = { layers, current }
p.experts = { ProtoExpert.new("neighbour.said", "Neighbour was here", expert.group.COMMENTS_GROUP, expert.severity.NOTE) }
local frame_protocols = Field.new("frame.protocols")
function p.dissector(tvb, pinfo, tree)
    local seen = frame_protocols()
    local t = tree:add(p, tvb(0, 0))
    t:add(layers, tostring(seen and seen.value or ""))
    t:add(current, pinfo.curr_proto .. " " .. tostring(pinfo.src) .. " " .. tostring(pinfo.dst) .. " " .. pinfo.src_port)
    t:add_proto_expert_info(p.experts[1])
end
register_postdissector(p)
