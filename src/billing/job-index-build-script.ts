import { INDEXED_FIELD, INDEX_LUA } from './job-index-script.js';
import { INDEX_JOBS_PREFIX, INDEX_STATE_PREFIX, JOB_PREFIX, USER_PREFIX } from './keys.js';
import { createScript } from './script.js';

/**
 * The steps of `jobs index`. ARGV[1] is the token of the build: a step does nothing and answers -1
 * where another build has begun, or the indexes were removed. `USER_PREFIX` and names that depend on
 * what is read are used besides KEYS: the scripts are not for a cluster.
 */

const STEP = `
${INDEX_LUA}
local STOPPED = -1
local token = ARGV[1]
if token ~= redis.call('HGET', MARKER, 'building') then return STOPPED end

local function isOfAnotherType(reply) return isError(reply) and string.find(reply.err, 'WRONGTYPE', 1, true) end
`;

/** KEYS: none. Ends what another build has begun. */
export const beginScript = createScript(`
${INDEX_LUA}
if isError(redis.pcall('HLEN', MARKER)) then redis.call('DEL', MARKER) end
redis.call('HSET', MARKER, 'building', ARGV[1])
return 1
`);

/**
 * KEYS: records of users. Copies each of them into the state of its index, which is not complete yet.
 * An index that can be trusted stays as it is.
 */
export const copyScript = createScript(`
${STEP}
for _, key in ipairs(KEYS) do
  local jobs, state = JOBS .. userOf(key), STATE .. userOf(key)
  local size = redis.pcall('ZCARD', jobs)
  if isOfAnotherType(size) then
    redis.call('DEL', jobs)
    size = 0
  elseif isError(size) then
    return size
  end
  local record = redis.pcall('HMGET', key, unpack(COPIED))
  local copy = redis.pcall('HMGET', state, 'complete', 'jobs', unpack(COPIED))
  local isWhole = false
  if not isError(record) and not isError(copy) then
    local complete, count = table.remove(copy, 1), table.remove(copy, 1)
    isWhole = complete == '1' and count == tostring(size) and isCopy(copy, record)
  end
  if not isWhole then
    redis.call('DEL', state)
    if isError(record) and not isOfAnotherType(record) then return record end
    -- It may have been removed since it was found.
    if not isError(record) and redis.call('EXISTS', key) == 1 then
      redis.call('HSET', key, '${INDEXED_FIELD}', '1')
      record[#COPIED] = '1'
      redis.call('HSET', state, unpack(withCopy({ 'build', token, 'jobs', size }, record)))
    end
  end
end
return 1
`);

/** KEYS: states. Those of users without a record are emptied; `completeScript` decides on them. */
export const orphanScript = createScript(`
${STEP}
for _, key in ipairs(KEYS) do
  local user = string.sub(key, ${INDEX_STATE_PREFIX.length + 1})
  if redis.call('EXISTS', '${USER_PREFIX}' .. user) == 0 then
    redis.call('DEL', key)
    redis.call('HSET', key, 'build', token)
  end
end
return 1
`);

/**
 * KEYS: records of jobs. Puts each into the index of its user, as it is at this moment. Answers with
 * the places in KEYS of those that hold no hash.
 */
export const addScript = createScript(`
${STEP}
local added, odd = {}, {}
for n, key in ipairs(KEYS) do
  local record = redis.pcall('HMGET', key, 'user_id', 'completed_at', 'timestamp')
  if isOfAnotherType(record) then
    odd[#odd + 1] = n
  elseif isError(record) then
    return record
  elseif record[1] then
    local user, id = record[1], string.sub(key, ${JOB_PREFIX.length + 1})
    local time = sortTime(record[2], record[3])
    local reply = redis.pcall('ZADD', JOBS .. user, time, id)
    if isOfAnotherType(reply) then
      redis.call('DEL', JOBS .. user)
      reply = redis.call('ZADD', JOBS .. user, time, id)
    elseif isError(reply) then
      return reply
    end
    if reply == 1 then added[user] = (added[user] or 0) + 1 end
  end
end
for user, count in pairs(added) do
  if redis.call('HEXISTS', STATE .. user, 'jobs') == 1 then
    redis.call('HINCRBY', STATE .. user, 'jobs', count)
  end
end
return odd
`);

/** KEYS: records of jobs whose ids no text can hold. The indexes of their users are never complete. */
export const refuseScript = createScript(`
${STEP}
for _, key in ipairs(KEYS) do
  local user = redis.pcall('HGET', key, 'user_id')
  if isError(user) and not isOfAnotherType(user) then return user end
  if user and not isError(user) then redis.call('DEL', STATE .. user) end
end
return 1
`);

/**
 * KEYS: an index. Removes, of the jobs from place ARGV[2] to ARGV[3], those whose record is gone or
 * another user's. Answers how many it has looked at and how many it has removed.
 */
export const sweepScript = createScript(`
${STEP}
local user = string.sub(KEYS[1], ${INDEX_JOBS_PREFIX.length + 1})
local ids = redis.pcall('ZRANGE', KEYS[1], ARGV[2], ARGV[3])
if isOfAnotherType(ids) then
  redis.call('DEL', KEYS[1])
  return { 0, 0 }
end
if isError(ids) then return ids end
local gone = {}
for _, id in ipairs(ids) do
  local owner = redis.pcall('HGET', '${JOB_PREFIX}' .. id, 'user_id')
  if isError(owner) and not isOfAnotherType(owner) then return owner end
  if owner ~= user then gone[#gone + 1] = id end
end
if #gone > 0 then
  redis.call('ZREM', KEYS[1], unpack(gone))
  if redis.call('HEXISTS', STATE .. user, 'jobs') == 1 then
    redis.call('HINCRBY', STATE .. user, 'jobs', -#gone)
  end
end
-- A user without a record is remembered in two places, so that the loss of one makes nobody new.
if redis.call('EXISTS', '${USER_PREFIX}' .. user, STATE .. user) == 0 and redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('HSET', STATE .. user, 'reset', '1')
end
return { #ids, #gone }
`);

/**
 * KEYS: states. Those that this build has made are complete now; of a user without a record remains
 * what a reset leaves, and nothing where there are no jobs.
 */
export const completeScript = createScript(`
${STEP}
for _, key in ipairs(KEYS) do
  local build = redis.pcall('HGET', key, 'build')
  if isOfAnotherType(build) then
    redis.call('DEL', key)
  elseif isError(build) then
    return build
  elseif build == token then
    local user = string.sub(key, ${INDEX_STATE_PREFIX.length + 1})
    if redis.call('EXISTS', '${USER_PREFIX}' .. user) == 1 then
      redis.call('HDEL', key, 'build')
      redis.call('HSET', key, 'complete', '1')
    elseif redis.call('EXISTS', JOBS .. user) == 1 then
      redis.call('HDEL', key, 'build')
      redis.call('HSET', key, 'reset', '1')
    else
      redis.call('DEL', key)
    end
  end
end
return 1
`);

/**
 * KEYS: none. ARGV: the time at which the build began, and the first and the last day of those on
 * which a user that is not known is a new one.
 */
export const endScript = createScript(`
${STEP}
redis.call('HSET', MARKER, 'since', ARGV[2], 'from', ARGV[3], 'until', ARGV[4])
redis.call('HDEL', MARKER, 'building')
return 1
`);
