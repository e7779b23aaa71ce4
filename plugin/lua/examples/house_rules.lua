-- house_rules.lua - a rule of your own, on what Espial knows: every Child SA must be
-- protected by AES-GCM.  Copy it into your Wireshark plugin folder and change the rule, or
-- try it with
--     tshark -X lua_script:plugin/lua/examples/house_rules.lua -Y house.not_gcm -r FILE
-- (not as root: Wireshark 4.4 and newer load no script for root).
-- Lua 5.2 to 5.4.  SPDX-License-Identifier: GPL-2.0-or-later

local house = Proto("house", "House rules for IPsec")

-- One expert information for each rule: filter, text, group, severity.
local not_gcm = ProtoExpert.new("house.not_gcm", "A Child SA is not protected by AES-GCM",
                                expert.group.SECURITY, expert.severity.WARN)
house.experts = { not_gcm }

-- Fields are asked for when the script is loaded, and read packet by packet.  tshark -G fields
-- lists Espial's.
local chosen = Field.new("espial.chosen")
local child_sa = Field.new("espial.child_sa")

-- Lua's post-dissectors run after Espial, so they see its fields.
function house.dissector(buffer, pinfo, root)
    local suite, sa = chosen(), child_sa()

    if not suite or not sa then
        return
    end
    suite = tostring(suite.value)
    if suite:find("^ESP:") and not suite:find("AES_GCM", 1, true) then
        local tree = root:add(house)
        tree:set_generated()
        tree:add_proto_expert_info(not_gcm, "Child SA " .. tostring(sa.value) .. " uses " .. suite)
    end
end

register_postdissector(house)
