-- Plays Wireshark to plugin/lua/espial.lua, for test_stats.py: COMPANION, FOLDER.
-- SPDX-License-Identifier: GPL-2.0-or-later
local companion, folder = ...
local preferences = { ["espial.plan_file"] = "", ["espial.keylog_file"] = "" }
local menus, said, judged, asked = {}, {}, 0, nil

MENU_TOOLS_UNSORTED = 1
function gui_enabled() return true end
function get_preference(name) return preferences[name] end
function set_preference(name, value) preferences[name] = value end
function apply_preferences() end
function redissect_packets() judged = judged + 1 end
function persconffile_path(name) return folder .. "/" .. name end
function register_menu(name, action) menus[name] = action end
function report_failure(text) said[#said + 1] = text end
function set_filter(text) said[#said + 1] = text end
function apply_filter() end
function new_dialog(title, action, ...)
    asked = { title = title, action = action, labels = { ... } }
end
TextWindow = { new = function(title)
    return { set = function(_, text) said[#said + 1] = text end }
end }

assert(loadfile(companion))()

menus["Espial/Add a Peer to the Plan..."]()
assert(#asked.labels == 5, "five fields")
asked.action("", "x", "", "", "")
assert(#said == 1 and said[1]:find("needs a peer"), said[1])
asked.action("lisa@corp.example", "", "", "", "")
assert(#said == 2 and said[2]:find("Nothing is said of"), said[2])
assert(judged == 0 and preferences["espial.plan_file"] == "", "nothing was written")
asked.action(" lisa@corp.example ", "", "AES_GCM_16_256", "10.86.152.186", "10.2.0.0/24;10.3.0.0/16")
assert(preferences["espial.plan_file"] == folder .. "/espial_plan" and judged == 1, "the plan is in use")
asked.action("192.0.2.10", "DES_CBC/HMAC_MD5_96\n[peer x]", "", "", "")
assert(judged == 2, "and again when it grows")
asked.action("lisa@corp.example", "", "AES_CBC_256", "", "")
assert(said[3]:find("stands in the plan already"), said[3])
menus["Espial/Show the Plan"]()
assert(said[4]:find("[peer lisa@corp.example]", 1, true), said[4])
menus["Espial/Key Log File..."]()
asked.action(folder .. "/none")
assert(said[5]:find("cannot be read") and preferences["espial.keylog_file"] == "", said[5])
asked.action(folder .. "/espial_plan")
assert(preferences["espial.keylog_file"] == folder .. "/espial_plan" and judged == 3)
menus["Espial/Key Log File..."]()
assert(asked.labels[1].value == folder .. "/espial_plan", "the dialog shows what is set")
asked.action(folder)
assert(preferences["espial.keylog_file"] == folder and judged == 4 and #said == 5, "a folder will do")
for name, action in pairs(menus) do
    if name:find("Filter") then
        action()
        print("filter: " .. said[#said])
    end
end
io.write(io.open(folder .. "/espial_plan"):read("*a"))
