/**
 * Counts one call of the tracker in Redis, completely or not at all. Redis runs no other command during a
 * script, but it does not roll back a script that fails half-way. The script therefore checks everything
 * that could fail before it writes anything.
 *
 * KEYS: user, day, job, and the event if there is one.
 * ARGV: the life of the day, the job and the event, in seconds; the number of increments; for each of them
 * `i` or `f`, whether the job has the field too (`1` or `0`), field, amount; then the other fields of the
 * job and their values.
 *
 * Returns 1 if it counted, 0 if the event had been counted before.
 */
export const TRACK_SCRIPT = `
local DAY_LIFE, JOB_LIFE, EVENT_LIFE = ARGV[1], ARGV[2], ARGV[3]
local increments, at = {}, 5
for n = 1, tonumber(ARGV[4]) do
  increments[n] = { kind = ARGV[at], inJob = ARGV[at + 1] == '1', field = ARGV[at + 2], amount = ARGV[at + 3] }
  at = at + 4
end

-- A right that is missing would show half-way. Redis before 7 cannot be asked.
if redis.acl_check_cmd then
  local needed = {
    { 'TYPE', KEYS[1] }, { 'HGET', KEYS[1], 'f' }, { 'HINCRBY', KEYS[1], 'f', '1' },
    { 'HINCRBYFLOAT', KEYS[1], 'f', '1' }, { 'EXPIRE', KEYS[2], DAY_LIFE }, { 'HSET', KEYS[3], 'f', '1' },
  }
  if KEYS[4] then
    needed[#needed + 1] = { 'EXISTS', KEYS[4] }
    needed[#needed + 1] = { 'SET', KEYS[4], '1', 'EX', EVENT_LIFE }
  end
  for _, command in ipairs(needed) do
    if not redis.acl_check_cmd(unpack(command)) then
      return redis.error_reply('NOPERM this user has no permissions to run the ' .. command[1] .. ' command')
    end
  end
end

if KEYS[4] and redis.call('EXISTS', KEYS[4]) == 1 then return 0 end

for n = 1, 3 do
  local kind = redis.call('TYPE', KEYS[n]).ok
  if kind ~= 'hash' and kind ~= 'none' then
    return redis.error_reply('BADCOUNTER ' .. KEYS[n] .. ' holds a ' .. kind .. ', not a hash')
  end
end

-- Lua's numbers are doubles: sums of 64-bit integers are compared in two halves.
local function fits(a, b)
  if #a < 19 and #b < 19 or string.sub(a, 1, 1) == '-' then return true end
  a, b = string.rep('0', 20 - #a) .. a, string.rep('0', 20 - #b) .. b
  local low = tonumber(string.sub(a, 11)) + tonumber(string.sub(b, 11))
  local high = tonumber(string.sub(a, 1, 10)) + tonumber(string.sub(b, 1, 10))
  if low >= 10000000000 then low, high = low - 10000000000, high + 1 end
  return high < 922337203 or high == 922337203 and low <= 6854775807
end

local function problemOf(value, increment)
  if increment.kind == 'i' then
    if value ~= '0' and not string.match(value, '^%-?[1-9]%d*$') or #value > 20 then
      return 'not a whole number'
    end
    if #value == 20 and string.sub(value, 1, 1) == '-' and value > '-9223372036854775808' then
      return 'beyond what Redis can count'
    end
    if not fits(value, increment.amount) then return 'at the end of what Redis can count' end
  else
    -- Redis adds in 80 bits, and fails at what they do not hold: far beyond these lengths.
    local isNumber = string.match(value, '^%-?%d+%.?%d*$') or string.match(value, '^%-?%d+%.?%d*[eE][+-]?%d%d?$')
    if not isNumber or #value > 400 then return 'not a number' end
  end
end

for _, increment in ipairs(increments) do
  for n = 1, increment.inJob and 3 or 2 do
    local value = redis.call('HGET', KEYS[n], increment.field)
    local problem = value and problemOf(value, increment)
    if problem then
      return redis.error_reply('BADCOUNTER ' .. increment.field .. ' of ' .. KEYS[n] .. ' is ' .. problem)
    end
  end
end

if KEYS[4] then redis.call('SET', KEYS[4], '1', 'EX', EVENT_LIFE) end
for _, increment in ipairs(increments) do
  local command = increment.kind == 'i' and 'HINCRBY' or 'HINCRBYFLOAT'
  for n = 1, increment.inJob and 3 or 2 do
    redis.call(command, KEYS[n], increment.field, increment.amount)
  end
end
redis.call('EXPIRE', KEYS[2], DAY_LIFE)
redis.call('HSET', KEYS[3], unpack(ARGV, at))
redis.call('EXPIRE', KEYS[3], JOB_LIFE)
return 1
`;
