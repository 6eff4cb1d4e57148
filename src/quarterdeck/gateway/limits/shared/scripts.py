"""What runs inside Redis: each script is atomic, and takes Redis' own clock, so that all gateways have one."""

TAKE = """
-- KEYS: the gateways' processes, then a key for each limit.
-- ARGV: this process, alive_us, then for each limit: kind, limit, period_us, burst, count.
-- Takes from all or from none. Answers {0, left...} or {index from 1, wait_us, left}.
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local me, alive = ARGV[1], tonumber(ARGV[2])
redis.call('ZADD', KEYS[1], now, me)
local found, blocked, longest = {}, 0, 0
for i = 2, #KEYS do
  local at = 3 + (i - 2) * 5
  local kind, limit, period = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local burst, count = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
  local state, wait = {}, 0
  if kind == 'concurrent' then
    local taken, fields = 0, redis.call('HGETALL', KEYS[i])
    for f = 1, #fields, 2 do
      local seen = redis.call('ZSCORE', KEYS[1], fields[f])
      if seen and now - seen <= alive then taken = taken + math.max(0, tonumber(fields[f + 1])) end
    end
    state = {kind = kind, left = limit - taken - 1, count = 1}
    if taken >= limit then wait = 1000000; state.left = 0 end
  else
    -- What was let through and is not worked off yet, in units of a microsecond times the limit.
    local kept = redis.call('HMGET', KEYS[i], 'at', 'used')
    local used = tonumber(kept[2] or '0')
    local passed = math.max(0, now - tonumber(kept[1] or now))
    used = math.max(0, used - passed * limit)
    count = math.min(count, burst)
    local over = used + count * period - burst * period
    if over > 0 then wait = math.ceil(over / limit) end
    state = {used = used, period = period, count = count, left = math.floor((burst * period - used) / period)}
  end
  found[i] = state
  if wait > longest then blocked, longest = i - 1, wait end
end
if blocked > 0 then return {blocked, longest, math.max(0, found[blocked + 1].left)} end
local answer = {0}
for i = 2, #KEYS do
  local state = found[i]
  if state.kind == 'concurrent' then
    redis.call('HINCRBY', KEYS[i], me, 1)
    redis.call('PEXPIRE', KEYS[i], 3600000)
    answer[#answer + 1] = state.left
  else
    local used = state.used + state.count * state.period
    redis.call('HSET', KEYS[i], 'at', string.format('%.0f', now), 'used', string.format('%.17g', used))
    redis.call('PEXPIRE', KEYS[i], math.ceil(state.period / 1000) * 2 + 1000)
    answer[#answer + 1] = state.left - state.count
  end
end
return answer
"""

GIVE_BACK = """
-- KEYS: a key for each limit. ARGV: this process, then for each limit: kind, period_us, count.
for i = 1, #KEYS do
  local at = 2 + (i - 1) * 3
  local count = tonumber(ARGV[at + 2])
  if ARGV[at] == 'concurrent' then
    local taken = tonumber(redis.call('HGET', KEYS[i], ARGV[1]) or '0')
    if taken > 0 then redis.call('HINCRBY', KEYS[i], ARGV[1], -count) end
  else
    local used = tonumber(redis.call('HGET', KEYS[i], 'used') or '0') - count * tonumber(ARGV[at + 1])
    if redis.call('EXISTS', KEYS[i]) == 1 then
      redis.call('HSET', KEYS[i], 'used', string.format('%.17g', math.max(0, used)))
    end
  end
end
return 0
"""

CLAIM = """
-- KEYS: the gateways, the budget's window.
-- ARGV: this gateway, alive_us, base, cap, least, wish, expire_ms, what of the claim is settled.
-- This gateway's claim becomes `wish`, or what room there is down to `least`, or stays. A claim that is lowered is
-- always granted. Answers {claim, what all others have settled, base}.
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local me, alive = ARGV[1], tonumber(ARGV[2])
redis.call('ZADD', KEYS[1], now, me)
local base = math.max(tonumber(ARGV[3]), tonumber(redis.call('HGET', KEYS[2], 'base') or '0'))
local own, others, settled, fields = 0, 0, 0, redis.call('HGETALL', KEYS[2])
for f = 1, #fields, 2 do
  if fields[f] == 'c:' .. me then
    own = tonumber(fields[f + 1])
  elseif string.sub(fields[f], 1, 2) == 'c:' then
    local seen = redis.call('ZSCORE', KEYS[1], string.sub(fields[f], 3))
    if seen and now - seen <= alive then others = others + tonumber(fields[f + 1]) end
  elseif string.sub(fields[f], 1, 2) == 's:' and fields[f] ~= 's:' .. me then
    settled = settled + tonumber(fields[f + 1])
  end
end
local cap, least, wish = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local room = cap - base - others
local claim = own
if wish <= own then claim = wish
elseif wish <= room then claim = wish
elseif least <= room then claim = math.max(own, room) end
redis.call('HSET', KEYS[2], 'base', string.format('%.0f', base), 'c:' .. me, string.format('%.0f', claim),
  's:' .. me, ARGV[8])
redis.call('PEXPIRE', KEYS[2], ARGV[7])
return {string.format('%.0f', claim), string.format('%.0f', settled), string.format('%.0f', base)}
"""

TURN = """
-- KEYS: the heads of all gateways' queues, how much each agent was served.
-- ARGV: this gateway, score of its head, agent of its head, stale_ms; an empty score: it waits no longer.
-- Answers 1 when no other gateway has somebody waiting whose turn it is first.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local me = ARGV[1]
if ARGV[2] == '' then redis.call('HDEL', KEYS[1], me) return 0 end
local mine, my_served = tonumber(ARGV[2]), tonumber(redis.call('HGET', KEYS[2], ARGV[3]) or '0')
redis.call('HSET', KEYS[1], me, now .. '|' .. ARGV[2] .. '|' .. ARGV[3])
redis.call('PEXPIRE', KEYS[1], 60000)
local heads = redis.call('HGETALL', KEYS[1])
for h = 1, #heads, 2 do
  if heads[h] ~= me then
    local seen, score, agent = string.match(heads[h + 1], '^(%d+)|([^|]+)|(.*)$')
    if now - tonumber(seen) > tonumber(ARGV[4]) then
      redis.call('HDEL', KEYS[1], heads[h])
    else
      local served = tonumber(redis.call('HGET', KEYS[2], agent) or '0')
      local theirs = tonumber(score)
      if theirs < mine or (theirs == mine and (served < my_served or (served == my_served and heads[h] < me))) then
        return 0
      end
    end
  end
end
return 1
"""

SERVED = """
-- KEYS: how much each agent was served. ARGV: agent, its share of one call.
redis.call('HINCRBYFLOAT', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], 60000)
return 0
"""
