-- Before the route is chosen: what the load balancer refuses by itself, and what rules ask about
-- in a form in which routes can ask about it. LISTENER is set in front of this text.

local MARK = "x-dataplane-"

local function refuse(handle, status)
  handle:respond({[":status"] = tostring(status)}, "")
end

local FRAMING = {contentlength = "content-length", transferencoding = "transfer-encoding"}

-- what desync mitigation lets pass in its default mode and not in the strictest (User Guide)
local function is_ambiguous(names, values, method)
  local bodiless = method == "GET" or method == "HEAD"
  for i, name in ipairs(names) do
    local meant = FRAMING[name:lower():gsub("[^a-z]", "")]
    if meant and (name ~= meant or bodiless) then return true end
    if values[i]:find("[^\t\32-\126]") then return true end
  end
  return false
end

local function problem(names, values, method, target)
  local total = #method + #target + 12
  if total > 16384 then return 414 end
  local forwarded = 0
  for i, name in ipairs(names) do
    if #name + #values[i] + 4 > 16384 then return 400 end
    total = total + #name + #values[i] + 4
    if name == "x-forwarded-for" then
      for _ in values[i]:gmatch("[^,]+") do forwarded = forwarded + 1 end
    end
  end
  if total > 65536 then return 400 end
  if method == "TRACE" then return 405 end
  if forwarded > 30 then return 463 end
  if LISTENER.strictest and is_ambiguous(names, values, method) then return 400 end
  return nil
end

local function address_of(text)
  return text:match("^%[(.-)%]:%d+$") or text:match("^(.-):%d+$") or text
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local names, values, ours = {}, {}, {}
  for name, value in pairs(headers) do
    if name:sub(1, #MARK) == MARK then
      ours[#ours + 1] = name
    elseif name:sub(1, 1) ~= ":" then
      names[#names + 1], values[#values + 1] = name, value
    end
  end
  local method, target = headers:get(":method") or "", headers:get(":path") or ""
  local status = problem(names, values, method, target)
  if status then return refuse(handle, status) end
  for _, name in ipairs(ours) do headers:remove(name) end
  if LISTENER.drop_invalid then
    for _, name in ipairs(names) do
      if not name:match("^[-A-Za-z0-9]+$") then headers:remove(name) end
    end
  end
  local host = headers:get(":authority") or ""
  local first = host:match("^[^,]*") -- of several Host headers, which Envoy joins, the first counts
  if first ~= host then headers:replace(":authority", first) end
  local whole = first:lower()
  headers:replace(MARK .. "whole-host", whole)
  headers:replace(MARK .. "host", whole:match("^(.*):%d*$") or whole)
  headers:replace(MARK .. "path", target:match("^[^?]*"))
  headers:replace(MARK .. "source", address_of(handle:streamInfo():downstreamRemoteAddress()))
  for _, name in ipairs(LISTENER.headers) do
    local last = math.min(headers:getNumValues(name), 8) - 1
    for i = 0, last do
      headers:replace(MARK .. "v" .. i .. "-" .. name, headers:getAtIndex(name, i))
    end
  end
end
