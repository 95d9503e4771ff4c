-- The compare-and-set: one session's record from what was read to what follows from it.
-- KEYS: the user's sessions.  ARGV: id, the record as read, the record to be, ttl (ms)
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
prolong(ARGV[4])
return 1
