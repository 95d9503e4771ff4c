-- KEYS: where the name of the contents stands.  ARGV: the name if there is none yet
redis.call('SET', KEYS[1], ARGV[1], 'NX')
return redis.call('GET', KEYS[1])
