-- What Weir decides with one layer and one experiment: the unit's slot on the layer's line, then on the experiment's line,
-- by the hash of docs/policy.md; the tag of the variant is written, a forged one dropped.
-- As fast as LuaJIT makes it: 64-bit integers by ffi, one buffer for ever, no garbage but the cookie's own string.

local bit, ffi = require("bit"), require("ffi")
local band, bxor, rshift, rol = bit.band, bit.bxor, bit.rshift, bit.rol
local byte, find = string.byte, string.find

local C1, C2 = 0x87c37b91114253d5ULL, 0x4cf5ad432745937fULL
local MASKS = ffi.new("uint64_t[8]", {0, 0xffULL, 0xffffULL, 0xffffffULL, 0xffffffffULL, 0xffffffffffULL,
                                      0xffffffffffffULL, 0xffffffffffffffULL})
local LONGEST_UNIT = 256

-- A line: a buffer that begins with its salt, with room for a unit and for reading the tail as whole words.
local function line(salt)
  local bytes = ffi.new("uint8_t[?]", #salt + LONGEST_UNIT + 16)
  ffi.copy(bytes, salt, #salt)
  return {bytes = bytes, words = ffi.cast("uint64_t*", bytes), salt = #salt}
end

local LAYER, EXPERIMENT = 1, 2
local lines = {line("L:checkout:0:"), line("E:owl-v21:0:")}
local slots = ffi.new("int32_t[3]")

local function mix(k)
  k = bxor(k, rshift(k, 33)) * 0xff51afd7ed558ccdULL
  k = bxor(k, rshift(k, 33)) * 0xc4ceb9fe1a85ec53ULL
  return bxor(k, rshift(k, 33))
end

-- The slot, 0..999,999: the first word of MurmurHash3_x64_128, its upper half spread over the line.
local function slot(line, unit, size)
  ffi.copy(line.bytes + line.salt, unit, size)
  local words, total = line.words, line.salt + size
  local h1, h2, at = 0ULL, 0ULL, 0
  for block = 1, rshift(total, 4) do
    h1 = bxor(h1, rol(words[at] * C1, 31) * C2)
    h1 = (rol(h1, 27) + h2) * 5 + 0x52dce729
    h2 = bxor(h2, rol(words[at + 1] * C2, 33) * C1)
    h2 = (rol(h2, 31) + h1) * 5 + 0x38495ab5
    at = at + 2
  end
  local rest = band(total, 15)
  if rest > 8 then
    h2 = bxor(h2, rol(band(words[at + 1], MASKS[rest - 8]) * C2, 33) * C1)
  end
  if rest > 0 then
    local word = rest >= 8 and words[at] or band(words[at], MASKS[rest])
    h1 = bxor(h1, rol(word * C1, 31) * C2)
  end
  h1, h2 = bxor(h1, ffi.cast("uint64_t", total)), bxor(h2, ffi.cast("uint64_t", total))
  h1 = h1 + h2
  h2 = h2 + h1
  return tonumber(rshift(rshift(mix(h1) + mix(h2), 32) * 1000000, 32))
end

-- One loop over the lines, because LuaJIT compiles loops: a request goes around twice, too few to be seen as hot.
-- So it is run in when the script is loaded, with units of all usual sizes. Uncompiled, each step of the hash makes garbage.
local function deal(unit, size, times)
  for turn = 1, times do
    local at = band(turn - 1, 1) + 1
    slots[at] = slot(lines[at], unit, size)
  end
end

local text = ffi.typeof("const char*")
for round = 1, 200 do
  for size = 1, 40 do
    deal(ffi.cast(text, ("x"):rep(40)), size, 20)
  end
end

-- The first crumb of the name, as a place in the cookie; nothing where there is none or it is empty.
local function unit(cookie)
  local from = 1
  while true do
    local first, last = find(cookie, "uid=", from, true)
    if not first then return end
    local before = first > 1 and byte(cookie, first - 1) or 59
    if before == 59 or before == 32 then
      local after = find(cookie, ";", last, true) or #cookie + 1
      return last + 1, after - 1
    end
    from = last
  end
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local cookie = headers:get("cookie")
  local first, last
  if cookie then first, last = unit(cookie) end
  local size = first and last - first + 1 or 0
  if size == 0 or size > LONGEST_UNIT then
    headers:remove("x-env-tag")
    return
  end
  deal(ffi.cast(text, cookie) + (first - 1), size, 2)
  -- The experiment owns every slot of the layer; it is looked up all the same.
  if slots[LAYER] < 0 or slots[LAYER] >= 1000000 then
    headers:remove("x-env-tag")
    return
  end
  headers:replace("x-env-tag", slots[EXPERIMENT] < 500000 and "owl-v21" or "owl-v21.control")
end
