-- Once the route is chosen: logins, redirects, protocol versions, stickiness, and the headers that
-- targets and clients see. LISTENER is set in front of this text; the route gives the context.

local MARK = "x-dataplane-"
local CERTIFICATE = "x-amzn-mtls-clientcert"
local CLAIMS = {"x-amzn-oidc-data", "x-amzn-oidc-identity", "x-amzn-oidc-accesstoken"}

local GRPC = {"grpc-status", "grpc-message", "content-type"}

local function hex(text)
  return (text:gsub(".", function(c) return string.format("%02x", c:byte()) end))
end

local function unhex(text)
  if not text or #text % 2 == 1 or text:find("[^0-9a-f]") then return nil end
  return (text:gsub("..", function(pair) return string.char(tonumber(pair, 16)) end))
end

local function random_hex(length)
  local made = {}
  for i = 1, length do made[i] = string.format("%x", math.random(0, 15)) end
  return table.concat(made)
end

local function cookie(headers, name)
  local text = "; " .. (headers:get("cookie") or "")
  return text:match("; *" .. name:gsub("%p", "%%%0") .. "=([^;]*)")
end

local function escaped(text)
  return (text:gsub("[^%w%-%._~]", function(c) return string.format("%%%02X", c:byte()) end))
end

-- ---------------------------------------------------------------- answers

local function login(handle, guard)
  local host = handle:headers():get(":authority") or ""
  local back = "https://" .. host .. "/oauth2/idpresponse"
  local location = guard.endpoint .. "&redirect_uri=" .. escaped(back) .. "&state=" .. random_hex(32)
  handle:respond({[":status"] = "302", ["location"] = location}, "")
end

-- true if the guard has answered
local function guarded(handle, guard)
  if guard.on_unauthenticated == "allow" then return false end
  if guard.on_unauthenticated == "authenticate" then
    login(handle, guard)
  else
    handle:respond({[":status"] = "401"}, "")
  end
  return true
end

local function redirect(handle, wanted)
  local headers = handle:headers()
  local sent = headers:get(":authority") or ""
  local path, query = headers:get(":path"):match("^([^?]*)%??(.*)$")
  local known = {
    protocol = LISTENER.protocol,
    host = sent:match("^(.*):%d*$") or sent,
    port = tostring(LISTENER.port),
    path = path:sub(2),
    query = query,
  }
  local function filled(text)
    return (text:gsub("#{(%a+)}", known))
  end
  local location = filled(wanted.protocol):lower() .. "://" .. filled(wanted.host) .. ":"
    .. filled(wanted.port) .. filled(wanted.path)
  local asked = filled(wanted.query)
  if asked ~= "" then location = location .. "?" .. asked end
  handle:respond({[":status"] = wanted.status, ["location"] = location}, "")
end

local function serves(version, protocol, headers)
  local is_2 = protocol == "HTTP/2"
  local is_grpc = is_2 and (headers:get("content-type") or ""):sub(1, 16) == "application/grpc"
  if version == "GRPC" then return is_2 and headers:get(":method") == "POST" end
  if version == "HTTP2" then return is_2 end
  return not is_grpc
end

-- ---------------------------------------------------------------- what targets see

local function with_port(host)
  local name, port = host:match("^(.*):(%d+)$")
  if LISTENER.port == 80 or LISTENER.port == 443 then return name or host end
  return port and host or host .. ":" .. LISTENER.port
end

local function set_host(headers, rewritten)
  if rewritten then
    headers:replace(":authority", LISTENER.preserve_host and rewritten or with_port(rewritten))
  elseif not LISTENER.preserve_host then
    headers:replace(":authority", with_port(headers:get(":authority"):lower()))
  end
end

local function set_forwarded(headers, info)
  local address = info:downstreamRemoteAddress()
  local plain = address:match("^%[(.-)%]:%d+$") or address:match("^(.-):%d+$") or address
  if LISTENER.forwarded == "remove" then
    headers:remove("x-forwarded-for")
  elseif LISTENER.forwarded == "append" then
    local came = {}
    for i = 0, headers:getNumValues("x-forwarded-for") - 1 do
      local value = headers:getAtIndex("x-forwarded-for", i)
      if value ~= "" then came[#came + 1] = value end
    end
    came[#came + 1] = LISTENER.client_port and address or plain
    headers:replace("x-forwarded-for", table.concat(came, ", "))
  end
  headers:replace("x-forwarded-proto", LISTENER.protocol)
  headers:replace("x-forwarded-port", tostring(LISTENER.port))
end

local function set_trace(headers)
  local id = string.format("1-%08x-", os.time()) .. random_hex(24)
  local fields, name = {}, "Root="
  for field in (headers:get("x-amzn-trace-id") or ""):gmatch("[^;]+") do
    field = field:match("^%s*(.-)%s*$")
    local start = field:sub(1, 5):lower()
    if start == "root=" then name = "Self=" end
    if start ~= "self=" and field ~= "" then fields[#fields + 1] = field end
  end
  table.insert(fields, 1, name .. id)
  headers:replace("x-amzn-trace-id", table.concat(fields, ";"))
end

local function day(seconds)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", tonumber(seconds) or 0)
end

-- AWS leaves these characters as they are: `+`, `=` and `/` (Mutual authentication, User Guide)
local function kept(pem)
  return (pem:gsub("%%2B", "+"):gsub("%%3D", "="):gsub("%%2F", "/"))
end

local function set_certificate(headers, tls)
  local names = LISTENER.certificate_headers
  if LISTENER.client_certificates == "off" then return end
  for _, name in pairs(names) do headers:remove(name) end
  if not tls or not tls:peerCertificatePresented() then return end
  if LISTENER.client_certificates == "passthrough" then
    headers:replace(names.whole, kept(tls:urlEncodedPemEncodedPeerCertificateChain()))
  elseif LISTENER.client_certificates == "verify" then
    headers:replace(names.subject, tls:subjectPeerCertificate())
    headers:replace(names.issuer, tls:issuerPeerCertificate())
    headers:replace(names.serial, tls:serialNumberPeerCertificate():upper())
    headers:replace(names.leaf, kept(tls:urlEncodedPemEncodedPeerCertificate()))
    local from, till = tls:validFromPeerCertificate(), tls:expirationPeerCertificate()
    headers:replace(names.validity, "NotBefore=" .. day(from) .. ";NotAfter=" .. day(till))
  end
end

local function set_tls(headers, tls)
  local names = LISTENER.tls_headers
  if not LISTENER.tls_shown then return end
  headers:remove(names.version)
  headers:remove(names.suite)
  if tls then
    headers:replace(names.version, tls:tlsVersion())
    headers:replace(names.suite, tls:ciphersuiteString())
  end
end

local function stick(handle, forward)
  local headers, held = handle:headers(), nil
  if forward.sticky == "lb_cookie" then
    held = unhex(cookie(headers, "AWSALB")) or unhex(cookie(headers, "AWSALBCORS"))
  elseif forward.sticky == "app_cookie" and cookie(headers, forward.app_cookie) then
    held = unhex(cookie(headers, "AWSALBAPP-0"))
  end
  local group, address = (held or ""):match("^(%x+)/(%d+%.%d+%.%d+%.%d+:%d+)$")
  if group == forward.group then handle:setUpstreamOverrideHost(address, false) end
end

local function remove_marks(headers)
  local ours = {}
  for name in pairs(headers) do
    if name:sub(1, #MARK) == MARK then ours[#ours + 1] = name end
  end
  for _, name in ipairs(ours) do headers:remove(name) end
end

function envoy_on_request(handle)
  local context, headers = handle:filterContext(), handle:headers()
  local guard, wanted, forward = context:get("guard"), context:get("redirect"), context:get("forward")
  if guard and guarded(handle, guard) then return end
  if wanted then return redirect(handle, wanted) end
  if not forward then return end
  local info = handle:streamInfo()
  if not serves(forward.version, info:protocol(), headers) then
    return handle:respond({[":status"] = "464"}, "")
  end
  local tls = handle:connection():ssl()
  local rewritten = info:dynamicMetadata():get("dataplane") or {}
  if rewritten.url then headers:replace(":path", rewritten.url) end
  local host = rewritten.host
  if host == headers:get(MARK .. "host") then host = nil end  -- its expression did not fit
  set_host(headers, host)
  set_forwarded(headers, info)
  set_trace(headers)
  if LISTENER.protocol == "https" then
    set_tls(headers, tls)
    set_certificate(headers, tls)
  end
  if guard then
    for _, name in ipairs(CLAIMS) do headers:remove(name) end
  end
  stick(handle, forward)
  remove_marks(headers)
end

-- ---------------------------------------------------------------- what clients see

local function expiry(seconds)
  return os.date("!%a, %d %b %Y %H:%M:%S GMT", os.time() + seconds)
end

local function set_cookie(headers, name, value, seconds, cross)
  local text = name .. "=" .. value .. "; Expires=" .. expiry(seconds) .. "; Path=/"
  if cross then text = text .. "; SameSite=None; Secure" end
  headers:add("set-cookie", text)
end

local function sets_cookie(headers, name)
  for i = 0, headers:getNumValues("set-cookie") - 1 do
    if headers:getAtIndex("set-cookie", i):sub(1, #name + 1) == name .. "=" then return true end
  end
  return false
end

local function set_cookies(headers, context, upstream)
  local forward, seconds = context:get("forward"), context:get("group_cookie_seconds")
  if not forward then return end
  local held = hex(forward.group .. "/" .. upstream)
  if seconds then
    set_cookie(headers, "AWSALBTG", forward.group, seconds)
    set_cookie(headers, "AWSALBTGCORS", forward.group, seconds, true)
  end
  if forward.sticky == "lb_cookie" then
    set_cookie(headers, "AWSALB", held, forward.sticky_seconds)
    set_cookie(headers, "AWSALBCORS", held, forward.sticky_seconds, true)
  elseif forward.sticky == "app_cookie" and sets_cookie(headers, forward.app_cookie) then
    set_cookie(headers, "AWSALBAPP-0", held, forward.sticky_seconds)
  end
end

function envoy_on_response(handle)
  local headers = handle:headers()
  local upstream, own = headers:get(MARK .. "upstream"), headers:get(MARK .. "own")
  headers:remove(MARK .. "upstream")
  headers:remove(MARK .. "own")
  if own then
    -- Envoy invents one for a fixed response of 201
    if headers:get(":status") == "201" then headers:remove("location") end
    if headers:get("grpc-status") then
      for _, name in ipairs(GRPC) do headers:remove(name) end
      headers:replace(":status", own)
    end
    if not LISTENER.server then headers:remove("server") end
  elseif upstream then
    set_cookies(headers, handle:filterContext(), upstream)
  end
  for name, value in pairs(LISTENER.response_headers) do headers:replace(name, value) end
end
