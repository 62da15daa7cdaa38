-- The job of bench/modules/floor.rs: one cookie is read, its unit hashed by MurmurHash3_x86_32, one header written.
-- As fast as LuaJIT makes it: locals, plain searches, integers, no string per byte.

local bit = require("bit")
local band, bor, bxor, lshift, rshift, rol = bit.band, bit.bor, bit.bxor, bit.lshift, bit.rshift, bit.rol
local byte, find = string.byte, string.find

-- Numbers are doubles, so a product of 32 bits is made of two of 16.
local function multiply(a, b)
  return band(lshift(band(rshift(a, 16) * b, 0xffff), 16) + band(a, 0xffff) * b, 0xffffffff)
end

local function scramble(k)
  return multiply(rol(multiply(k, 0xcc9e2d51), 15), 0x1b873593)
end

-- Of the bytes of `text` from `first` to `last`.
local function murmur3(text, first, last)
  local hash, at = 0, first
  while at + 3 <= last do
    local a, b, c, d = byte(text, at, at + 3)
    hash = multiply(rol(bxor(hash, scramble(bor(a, lshift(b, 8), lshift(c, 16), lshift(d, 24)))), 13), 5) + 0xe6546b64
    at = at + 4
  end
  local tail = 0
  for i = last, at, -1 do
    tail = bor(lshift(tail, 8), byte(text, i))
  end
  hash = bxor(hash, scramble(tail), last - first + 1)
  hash = multiply(bxor(hash, rshift(hash, 16)), 0x85ebca6b)
  hash = multiply(bxor(hash, rshift(hash, 13)), 0xc2b2ae35)
  return bxor(hash, rshift(hash, 16))
end

-- A loop, because LuaJIT compiles loops, and one that is run in when the script is loaded: a request goes around once.
local function hash(text, first, last, times)
  local found = 0
  for turn = 1, times do
    found = murmur3(text, first, last)
  end
  return found
end

for round = 1, 200 do
  for size = 1, 40 do
    hash(("x"):rep(40), 1, size, 20)
  end
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local cookie = headers:get("cookie")
  if not cookie then return end
  local _, before = find(cookie, "uid=", 1, true)
  if not before then return end
  local after = find(cookie, ";", before, true) or #cookie + 1
  local canary = rshift(hash(cookie, before + 1, after - 1, 1), 31) == 1
  headers:replace("x-env-tag", canary and "owl-v21" or "owl-v21.control")
end
