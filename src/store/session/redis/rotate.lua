-- The step to the next generation where the presented one is current; the same rules as domain::refresh::rotated.
-- Numbers are replaced in the text: cjson would write times with fourteen digits, and they have sixteen.
-- KEYS: the user's sessions.  ARGV: id, generation, now (us), idle end (us)
-- The record after the step, or nothing.
local text = redis.call('HGET', KEYS[1], ARGV[1])
if not text then
  return false
end
local record, now = cjson.decode(text), tonumber(ARGV[3])
local over = record.idle_expires_at <= now or record.expires_at <= now
if over or record.generation ~= tonumber(ARGV[2]) then
  return false
end
local function set(member, value)
  text = string.gsub(text, '"' .. member .. '":%d+', string.format('"%s":%.0f', member, value), 1)
end
set('generation', record.generation + 1)
set('rotated_at', now)
set('last_seen_at', now)
set('idle_expires_at', math.min(tonumber(ARGV[4]), record.expires_at))
redis.call('HSET', KEYS[1], ARGV[1], text)
return text
