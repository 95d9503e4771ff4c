-- Put before every script.
local function end_sessions(ids, at, tokens_until, retention)
  if #ids == 0 then
    return
  end
  -- Redis's own clock, because the ids of a stream are its own too.
  local time = redis.call('TIME')
  local oldest = time[1] * 1000 + math.floor(time[2] / 1000) - tonumber(retention)
  for _, id in ipairs(ids) do
    redis.call('HDEL', KEYS[1], id)
    redis.call('XADD', KEYS[2], 'MINID', '~', string.format('%.0f', math.max(oldest, 0)), '*',
      's', id, 'at', at, 'until', tokens_until)
  end
  redis.call('PEXPIRE', KEYS[2], retention)
end

local function prolong(ttl)
  if redis.call('PTTL', KEYS[1]) < tonumber(ttl) then
    redis.call('PEXPIRE', KEYS[1], ttl)
  end
end

