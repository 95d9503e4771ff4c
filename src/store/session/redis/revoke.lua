-- Ends sessions: one, or all but one.
-- KEYS: the user's sessions, the feed.  ARGV: id or '', spared id or '', now (us), tokens until (us), retention (ms)
local now, ended = tonumber(ARGV[3]), {}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local wanted = ARGV[1] == all[i] or (ARGV[1] == '' and ARGV[2] ~= all[i])
  if wanted then
    if cjson.decode(all[i + 1]).idle_expires_at > now then
      ended[#ended + 1] = all[i]
    else
      redis.call('HDEL', KEYS[1], all[i])
    end
  end
end
table.sort(ended)
if ARGV[1] ~= '' and #ended == 0 then
  -- Announced all the same: its access tokens may still live.
  end_sessions({ARGV[1]}, ARGV[3], ARGV[4], ARGV[5])
else
  end_sessions(ended, ARGV[3], ARGV[4], ARGV[5])
end
return ended
