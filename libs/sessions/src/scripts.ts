/*
 * Each script is one round trip and atomic. A session is a hash: account, role, family, coop, created, expires (ms), and per
 * service `mark:<service>` and `writes:<service>`. `account:<id>` is a sorted set of the account's session keys by expiry.
 */

export const scripts = {
  /**
   * KEYS session, account's set; ARGV account, role, family or '', now, expires, ttlMs, replaced session or '', account prefix,
   * channel, replaced session's public id, co-op or ''.
   */
  create: `
if ARGV[7] ~= '' then
  local owner = redis.call('HGET', ARGV[7], 'account')
  if owner then
    redis.call('ZREM', ARGV[8] .. owner, ARGV[7])
    redis.call('PUBLISH', ARGV[9], cjson.encode({ accountId = owner, sessionId = ARGV[10] }))
  end
  redis.call('DEL', ARGV[7])
end
redis.call('HSET', KEYS[1], 'account', ARGV[1], 'role', ARGV[2], 'family', ARGV[3], 'created', ARGV[4], 'expires', ARGV[5],
  'coop', ARGV[11])
redis.call('PEXPIRE', KEYS[1], ARGV[6])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[4])
redis.call('ZADD', KEYS[2], ARGV[5], KEYS[1])
redis.call('PEXPIREAT', KEYS[2], ARGV[5])
return 1`,

  /**
   * KEYS session; ARGV service, now, idleMs. Idle expiry is extended only when a tenth of it has passed, so that most
   * requests write nothing to the append-only file.
   */
  find: `
local s = redis.call('HMGET', KEYS[1], 'account', 'role', 'family', 'created', 'expires', 'mark:' .. ARGV[1], 'writes:' .. ARGV[1],
  'coop')
if not s[1] then return false end
local left = tonumber(s[5]) - tonumber(ARGV[2])
if left <= 0 then
  redis.call('DEL', KEYS[1])
  return false
end
local idle = math.min(tonumber(ARGV[3]), left)
if redis.call('PTTL', KEYS[1]) < idle * 0.9 then redis.call('PEXPIRE', KEYS[1], idle) end
return s`,

  /** KEYS session. */
  dates: `return redis.call('HMGET', KEYS[1], 'created', 'expires')`,

  /** KEYS session; ARGV account prefix, channel, public id. */
  destroy: `
local owner = redis.call('HGET', KEYS[1], 'account')
if owner then
  redis.call('ZREM', ARGV[1] .. owner, KEYS[1])
  redis.call('PUBLISH', ARGV[2], cjson.encode({ accountId = owner, sessionId = ARGV[3] }))
end
return redis.call('DEL', KEYS[1])`,

  /** KEYS account's set; ARGV channel, account. */
  destroyAll: `
local ended = 0
for _, key in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do ended = ended + redis.call('DEL', key) end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[1], cjson.encode({ accountId = ARGV[2] }))
return ended`,

  /** KEYS account's set; ARGV channel, account, session to keep, session prefix, length of a public id. */
  destroyOthers: `
local ended = 0
local first = string.len(ARGV[4]) + 1
for _, key in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if key ~= ARGV[3] then
    ended = ended + redis.call('DEL', key)
    redis.call('ZREM', KEYS[1], key)
    local id = string.sub(key, first, first + ARGV[5] - 1)
    redis.call('PUBLISH', ARGV[1], cjson.encode({ accountId = ARGV[2], sessionId = id }))
  end
end
return ended`,

  /** KEYS sessions. Reads only: looking does not extend the idle expiry. @returns 1 or 0 for each. */
  alive: `
local alive = {}
for i, key in ipairs(KEYS) do alive[i] = redis.call('EXISTS', key) end
return alive`,

  /** KEYS session; ARGV service. A session that has ended meanwhile is not brought back. */
  wrote: `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'mark:' .. ARGV[1], 'primary')
return redis.call('HINCRBY', KEYS[1], 'writes:' .. ARGV[1], 1)`,

  /** KEYS session; ARGV service, lsn, writes. LSNs are two hexadecimal numbers and are compared as such. */
  advance: `
local s = redis.call('HMGET', KEYS[1], 'account', 'mark:' .. ARGV[1], 'writes:' .. ARGV[1])
if not s[1] or (s[3] or '0') ~= ARGV[3] then return 0 end
local function parts(lsn)
  local high, low = string.match(lsn, '^(%x+)/(%x+)$')
  return tonumber(high or '0', 16), tonumber(low or '0', 16)
end
if s[2] and s[2] ~= 'primary' then
  local oldHigh, oldLow = parts(s[2])
  local newHigh, newLow = parts(ARGV[2])
  if newHigh < oldHigh or (newHigh == oldHigh and newLow <= oldLow) then return 0 end
end
redis.call('HSET', KEYS[1], 'mark:' .. ARGV[1], ARGV[2])
return 1`,
} as const;
