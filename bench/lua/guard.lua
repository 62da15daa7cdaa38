
-- What Weir does besides: no x-weir-* that a client sent goes on. Put behind decide.lua.
local decide = envoy_on_request
local find = string.find

function envoy_on_request(handle)
  local headers = handle:headers()
  local forged
  for name in pairs(headers) do
    if find(name, "x-weir-", 1, true) == 1 then
      forged = forged or {}
      forged[#forged + 1] = name
    end
  end
  for _, name in ipairs(forged or {}) do headers:remove(name) end
  decide(handle)
end
