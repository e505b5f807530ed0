import { JOB_TIME_LUA } from './job-time.js';
import {
  INDEX_JOBS_PREFIX,
  INDEX_MARKER,
  INDEX_STATE_PREFIX,
  JOB_PREFIX,
  USER_PREFIX,
} from './keys.js';
import { USAGE_FIELDS } from './usage.js';

/**
 * The mark in a user's record. It is written together with the copy, and goes when anybody removes
 * the record: what is counted anew then never looks like the copy, whatever its figures.
 */
export const INDEXED_FIELD = 'job_index';

/** What the state of an index copies of the user's record. */
export const COPIED_FIELDS = [...USAGE_FIELDS, INDEXED_FIELD];

/** What the scripts that touch an index share. The rules that they keep are in job-index.ts. */
export const INDEX_LUA = `
${JOB_TIME_LUA}
local MARKER, JOBS, STATE = '${INDEX_MARKER}', '${INDEX_JOBS_PREFIX}', '${INDEX_STATE_PREFIX}'
local COPIED = { ${COPIED_FIELDS.map((field) => `'${field}'`).join(', ')} }

local function userOf(key) return string.sub(key, ${USER_PREFIX.length + 1}) end

local function isError(reply) return type(reply) == 'table' and reply.err ~= nil end

-- Whether the copy is that of this very record, which has the mark: every copy does.
local function isCopy(copy, record)
  for n = 1, #COPIED do
    if copy[n] ~= record[n] then return false end
  end
  return true
end

-- Fields and values for HSET: these, and a copy of the record.
local function withCopy(fields, record)
  for n = 1, #COPIED do
    if record[n] then
      fields[#fields + 1] = COPIED[n]
      fields[#fields + 1] = record[n]
    end
  end
  return fields
end
`;

/**
 * The part of the tracker. Every command may fail, for want of rights or at a key of another type:
 * tracking goes on, and the index is not trusted any more. Its keys are none of KEYS, since a worker
 * without rights to them would then be refused the whole script.
 */
export const TRACK_INDEX_LUA = `
${INDEX_LUA}
-- Whom an old writer has served since has a counter of a day, also after a reset.
local function hasDays(dayPrefix, from, today)
  local year, month = tonumber(string.sub(from, 1, 4)), tonumber(string.sub(from, 6, 7))
  local keys, text = {}, nil
  repeat
    text = string.format('%04d-%02d', year, month)
    for day = 1, 31 do keys[#keys + 1] = dayPrefix .. text .. string.format('-%02d', day) end
    month = month + 1
    if month > 12 then year, month = year + 1, 1 end
  until text > today
  return redis.pcall('EXISTS', unpack(keys)) ~= 0
end

-- Before anything is counted; nil where there are no indexes. The count is of the jobs that the state knows
-- of: nil where there is no state, and so nothing to prove.
local function openIndex(isUnknownUser)
  local marker = redis.pcall('HMGET', MARKER, 'building', 'since', 'from', 'until')
  if isError(marker) or not (marker[1] or marker[2]) then return nil end
  local user = userOf(KEYS[1])
  local index = { jobs = JOBS .. user, state = STATE .. user }
  if not isUnknownUser then
    index.count = tonumber(redis.pcall('HGET', index.state, 'jobs'))
    return index
  end
  local dayPrefix, today = string.sub(KEYS[2], 1, -11), string.sub(KEYS[2], -10)
  index.isNew = marker[2] and marker[3] and marker[4] and today >= marker[3] and today <= marker[4]
    and redis.pcall('EXISTS', index.jobs, index.state) == 0 and not hasDays(dayPrefix, marker[3], today)
  return index
end

-- Two of the jobs that have been there for longer than a record lives: one that is gone is dropped.
-- More are not looked at, and a call adds one at most: so the index cannot grow without end.
local function dropExpired(jobs, nowMs, lifeSeconds)
  local old = redis.pcall('ZCOUNT', jobs, '-inf', string.format('(%.0f', nowMs - lifeSeconds * 1000))
  if type(old) ~= 'number' or old == 0 then return 0 end
  local first, dropped = nowMs % old, 0
  local ids = redis.pcall('ZRANGE', jobs, first, math.min(first + 1, old - 1))
  if isError(ids) then return 0 end
  for _, id in ipairs(ids) do
    if redis.pcall('EXISTS', '${JOB_PREFIX}' .. id) == 0 then
      local removed = redis.pcall('ZREM', jobs, id)
      if removed == 1 then dropped = dropped + 1 end
    end
  end
  return dropped
end

-- After everything has been counted: the copy is raised by the same.
local function keepIndex(index, increments, nowMs, lifeSeconds)
  local completedAt = redis.pcall('HGET', KEYS[3], 'completed_at')
  local id = string.sub(KEYS[3], ${JOB_PREFIX.length + 1})
  local time = string.format('%.0f', instantOf(completedAt) or nowMs)
  local added = isError(completedAt) and completedAt or redis.pcall('ZADD', index.jobs, time, id)
  if isError(added) then
    redis.pcall('DEL', index.state)
    return
  end
  local grown = added == 1 and 1 - dropExpired(index.jobs, nowMs, lifeSeconds) or 0
  if index.isNew then
    redis.pcall('HSET', index.state, 'complete', '1', '${INDEXED_FIELD}', '1')
    redis.pcall('HSET', KEYS[1], '${INDEXED_FIELD}', '1')
  elseif not index.count then
    return
  end
  for _, increment in ipairs(increments) do
    local command = increment.kind == 'i' and 'HINCRBY' or 'HINCRBYFLOAT'
    redis.pcall(command, index.state, increment.field, increment.amount)
  end
  if grown ~= 0 then redis.pcall('HINCRBY', index.state, 'jobs', grown) end
end
`;

/**
 * The part of a reset, after KEYS[1] was removed. A job leaves the index of its user. Of a user remains
 * a state that is never trusted: one who is known to nobody would begin with an index that is. Both
 * may fail: without its record no user's index is trusted.
 */
export const FORGET_INDEX_LUA = `
local MARKER, JOBS, STATE = '${INDEX_MARKER}', '${INDEX_JOBS_PREFIX}', '${INDEX_STATE_PREFIX}'
local function forgetJob(id, user) redis.pcall('ZREM', JOBS .. user, id) end
local function forgetUser(user)
  if redis.pcall('EXISTS', MARKER) ~= 1 then return end
  redis.pcall('DEL', STATE .. user)
  redis.pcall('HSET', STATE .. user, 'reset', '1')
end
local function forget(key, user)
  if string.sub(key, 1, ${USER_PREFIX.length}) == '${USER_PREFIX}' then
    forgetUser(string.sub(key, ${USER_PREFIX.length + 1}))
  elseif user and string.sub(key, 1, ${JOB_PREFIX.length}) == '${JOB_PREFIX}' then
    forgetJob(string.sub(key, ${JOB_PREFIX.length + 1}), user)
  end
end
`;
