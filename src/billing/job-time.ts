/** When a job was last heard of, by which jobs are sorted, in Lua: what `instantOf` is in TypeScript. */

/** `sortTime(completed_at, timestamp)` is what `sortTimeOf` gives, and 0 where that is undefined. */
export const JOB_TIME_LUA = `
local function instantOf(text)
  if not text then return nil end
  local year, month, day, hour, minute, second, rest =
    string.match(text, '^([1-9]%d%d%d)%-(%d%d)%-(%d%d)[Tt ](%d%d):(%d%d):(%d%d)(.*)$')
  if not year then return nil end
  local fraction, zone = string.match(rest, '^%.(%d+)(.*)$')
  if not fraction then fraction, zone = '', rest end
  local offset = 0
  if zone ~= 'Z' and zone ~= 'z' then
    local sign, hours, minutes = string.match(zone, '^([+-])(%d%d):(%d%d)$')
    if not sign then return nil end
    offset = (hours * 60 + minutes) * (sign == '-' and -60 or 60)
  end
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  hour, minute, second = tonumber(hour), tonumber(minute), tonumber(second)
  if month < 1 or month > 12 or day < 1 or day > 31 then return nil end
  if hour > 23 or minute > 59 or second > 60 then return nil end
  -- Years that begin in March: the day that some years have more is their last.
  if month <= 2 then year, month = year - 1, month + 12 end
  local leapDays = math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
  local days = year * 365 + leapDays + math.floor((153 * (month - 3) + 2) / 5) + day - 1 - 719468
  local ms = tonumber(string.sub(fraction .. '000', 1, 3))
  return (((days * 24 + hour) * 60 + minute) * 60 + second - offset) * 1000 + ms
end

local function sortTime(completedAt, timestamp)
  return string.format('%.0f', instantOf(completedAt) or instantOf(timestamp) or 0)
end
`;
