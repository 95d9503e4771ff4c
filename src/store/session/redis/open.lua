-- Adds a session; ends the oldest others beyond the limit; forgets those whose time is over.
-- KEYS: the user's sessions, the feed.  ARGV: id, record, most, now (us), tokens until (us), retention (ms), ttl (ms)
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
local now, others = tonumber(ARGV[4]), {}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  if cjson.decode(all[i + 1]).idle_expires_at <= now then
    redis.call('HDEL', KEYS[1], all[i])
  elseif all[i] ~= ARGV[1] then
    others[#others + 1] = all[i]
  end
end
-- Ids are UUIDv7: their order as text is the order of opening.
table.sort(others)
local ended = {}
for i = 1, math.min(#others + 1 - tonumber(ARGV[3]), #others) do
  ended[i] = others[i]
end
end_sessions(ended, ARGV[4], ARGV[5], ARGV[6])
prolong(ARGV[7])
return ended
