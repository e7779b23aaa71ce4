-- espial.lua - Tools > Espial: filters, the plan, the key log.  Lua 5.2 to 5.4.
-- It asks for no field and no tap, so it costs nothing while a capture is read; what it
-- shows is Espial's, the plugin beside it.  SPDX-License-Identifier: GPL-2.0-or-later

if not gui_enabled() then
    return
end

local found, plan_preference = pcall(get_preference, "espial.plan_file")
if not found or plan_preference == nil then
    return      -- the plugin is not loaded, or is another one
end

-- A place under the personal configuration, for a plan that has none yet.
local function default_plan()
    return persconffile_path("espial_plan")
end

local function trim(text)
    return (tostring(text or ""):gsub("%c", " "):gsub("^%s+", ""):gsub("%s+$", ""))
end

local function read_all(path)
    local file = io.open(path, "r")
    if not file then
        return nil
    end
    local text = file:read("*a")
    file:close()
    return text
end

-- The capture is judged again with what the preferences say now.
local function judge_again(name, value)
    if get_preference(name) ~= value then
        set_preference(name, value)
        apply_preferences()
    end
    pcall(redissect_packets)        -- there may be no capture
end

local function show(title, text)
    local window = TextWindow.new(title)
    window:set(text)
    return window
end

-- --- filters ------------------------------------------------------------------------

local function filter(text)
    return function()
        set_filter(text)
        apply_filter()
    end
end

-- --- the plan -----------------------------------------------------------------------

local keys = { "ike", "esp", "virtual_ip", "networks" }

-- A group of the key file, or nil and why not.
local function plan_group(peer, values)
    local lines
    peer = trim(peer)
    if peer == "" then
        return nil, "A row of the plan needs a peer: the identity it sends, or its address."
    end
    if peer:find("[%[%]]") then
        return nil, "The peer's name may hold no brackets."
    end
    lines = { "[peer " .. peer .. "]" }
    for i, key in ipairs(keys) do
        local value = trim(values[i])
        if value ~= "" then
            lines[#lines + 1] = key .. " = " .. value
        end
    end
    if #lines == 1 then
        return nil, "Nothing is said of " .. peer .. ": give a suite, an address or networks."
    end
    return table.concat(lines, "\n") .. "\n"
end

local function add_row(peer, ...)
    local group, why = plan_group(peer, { ... })
    local path = get_preference("espial.plan_file")
    local file, text

    if not group then
        report_failure("Espial: " .. why)
        return
    end
    if path == "" then
        path = default_plan()
    end
    text = read_all(path) or ""
    if text ~= "" and not text:find("\n$") then
        text = text .. "\n"
    end
    if text:find("[peer " .. trim(peer) .. "]", 1, true) then
        report_failure("Espial: " .. trim(peer) .. " stands in the plan already; change it in " .. path)
        return
    end
    file, why = io.open(path, "w")
    if not file then
        report_failure("Espial: cannot write the plan: " .. tostring(why))
        return
    end
    file:write(text, text ~= "" and "\n" or "", group)
    file:close()
    judge_again("espial.plan_file", path)
end

local function ask_row()
    new_dialog("Espial: add a peer to the plan", add_row,
               "Peer (identity or address)", "IKE suite (e.g. AES_CBC_256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048)",
               "ESP suite (e.g. AES_GCM_16_256)", "Virtual address bound to it", "Networks it may reach (separated by ;)")
end

local function show_plan()
    local path = get_preference("espial.plan_file")
    if path == "" then
        show("Espial: the plan", "No plan file is set.  Tools > Espial > Add a Peer to the Plan makes one,\n" ..
             "or name one in the preferences: Protocols > ESPIAL > Plan file.\n")
    else
        show("Espial: the plan", path .. "\n\n" .. (read_all(path) or "This file cannot be read.\n"))
    end
end

-- --- the key log ----------------------------------------------------------------------

local function set_keylog(path)
    path = trim(path)
    local there = path == "" or io.open(path, "r")      -- a folder with Wireshark's tables opens too
    if not there then
        report_failure("Espial: " .. path .. " cannot be read.")
        return
    end
    if path ~= "" then
        there:close()
    end
    judge_again("espial.keylog_file", path)
end

-- With the value that is set; in the label where this Wireshark fills in none.
local function ask_keylog()
    local title, label = "Espial: key log file", "File or folder (empty: none)"
    local set = get_preference("espial.keylog_file") or ""
    if not pcall(new_dialog, title, set_keylog, { name = label, value = set }) then
        new_dialog(title, set_keylog, set == "" and label or label .. "; now " .. set)
    end
end

register_menu("Espial/Filter: Problems", filter('espial.finding.severity in {"error", "warning"}'), MENU_TOOLS_UNSORTED)
register_menu("Espial/Filter: Negotiations", filter("espial.exchange"), MENU_TOOLS_UNSORTED)
register_menu("Espial/Filter: Source Violations",
              filter("espial.inner_source_violation || espial.virtual_ip_violation || espial.outer_source_violation"),
              MENU_TOOLS_UNSORTED)
register_menu("Espial/Add a Peer to the Plan...", ask_row, MENU_TOOLS_UNSORTED)
register_menu("Espial/Show the Plan", show_plan, MENU_TOOLS_UNSORTED)
register_menu("Espial/Key Log File...", ask_keylog, MENU_TOOLS_UNSORTED)
