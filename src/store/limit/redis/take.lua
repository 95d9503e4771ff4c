-- Takes a place in every log, or in none. It decides nothing but whether there is room, by the same rule as
-- domain::limit::Standing, and answers what each window sees; what that means is decided there.
-- KEYS: the logs: lists of the times of grants (us), the oldest first.
-- ARGV: 'take' or 'peek', now (us), and for each log: how long it is kept (ms), how many grants it holds, whether a full one
--   refuses (1) or only slows down (0), its delays (the number of the window that counts for them or 0, how many attempts
--   are free, the first distance and the longest (us)), its number of windows, and for each of these: the most grants,
--   and the time (us) up to which a grant has left the window.
-- Answers whether there is room, for each log the time under which the grant was noted or '', then for each log the newest
--   grant before or '', and for each of its windows: the grant that has to leave before there is room or '', how many it
--   sees, the oldest of them or ''.
local position = 2
local function argument()
  position = position + 1
  return ARGV[position]
end

local function seen(key, length, left)
  -- The log is in order: what a window sees begins at one place.
  local low, high = 0, length
  while low < high do
    local middle = math.floor((low + high) / 2)
    if tonumber(redis.call('LINDEX', key, middle)) > left then
      high = middle
    else
      low = middle + 1
    end
  end
  return length - low, redis.call('LINDEX', key, low) or ''
end

local room, logs, views = 1, {}, {}
local now = tonumber(ARGV[2])
for number, key in ipairs(KEYS) do
  local log = {keep = tonumber(argument()), most = tonumber(argument()), length = redis.call('LLEN', key)}
  local refuses = argument() == '1'
  local paced, free = tonumber(argument()), tonumber(argument())
  local first, longest = tonumber(argument()), tonumber(argument())
  log.newest = redis.call('LINDEX', key, -1)
  views[#views + 1] = log.newest or ''
  for index = 1, tonumber(argument()) do
    local most, left = argument(), tonumber(argument())
    local blocking = redis.call('LINDEX', key, '-' .. most)
    if refuses and blocking and tonumber(blocking) > left then
      room = 0
    end
    local used, oldest = 0, ''
    if log.length > 0 then
      used, oldest = seen(key, log.length, left)
    end
    if index == paced and used >= free and log.newest then
      local distance = math.min(first * 2 ^ (used - free), longest)
      if tonumber(log.newest) + distance > now then
        room = 0
      end
    end
    views[#views + 1] = blocking or ''
    views[#views + 1] = used
    views[#views + 1] = oldest
  end
  logs[number] = log
end

local answer = {room}
for number, key in ipairs(KEYS) do
  local log, at = logs[number], ''
  if room == 1 and ARGV[1] == 'take' then
    -- The clocks of nodes differ, and are set back: a grant is never noted before the newest, so that the log stays
    -- in order and no place is free too early.
    at = ARGV[2]
    local ahead = 0
    if log.newest and tonumber(log.newest) > now then
      ahead = tonumber(log.newest) - now
      at = log.newest
    end
    redis.call('RPUSH', key, at)
    if log.length >= log.most then
      redis.call('LTRIM', key, -log.most, -1)
    end
    redis.call('PEXPIRE', key, string.format('%.0f', log.keep + math.min(ahead / 1000, log.keep)))
  end
  answer[#answer + 1] = at
end
for _, value in ipairs(views) do
  answer[#answer + 1] = value
end
return answer
