import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { MangamotionError } from '../errors.js';
import { isWrongType } from '../redis/errors.js';
import type { RedisReader } from '../redis/reader.js';
import { readHashes } from '../redis/reader.js';
import { scanKeys } from '../redis/scan.js';
import { JOB_KEYS, OLD_INDEX_MARK, dayKeysOf, idText, partsOfDayKey, userKey } from './keys.js';

/** A record as it is in Redis, before it is removed. */
export interface StoredRecord {
  key: string;
  /** The bytes of a key that is not UTF-8, which `key` cannot represent. */
  key_base64?: string;
  fields: Record<string, string>;
  /** The seconds until it expires; `null` where it never does. */
  expires_in: number | null;
}

export interface ResetRequest {
  userId: string;
  /** Whether days and jobs are removed too, not only the lifetime total. */
  all: boolean;
  signal: AbortSignal;
}

/** Resolves to the records that a reset would remove. */
export async function findRecords(
  redis: RedisReader,
  { userId, all, signal }: ResetRequest,
): Promise<StoredRecord[]> {
  const keys: (string | Buffer)[] = [userKey(userId)];
  if (all) {
    keys.push(...(await dayKeys(redis, userId, signal)));
    keys.push(...(await jobKeys(redis, userId, signal)));
  }
  const records: StoredRecord[] = [];
  for (const key of keys) {
    const record = await readRecord(redis, key);
    if (record !== undefined) records.push(record);
  }
  return records;
}

/**
 * Removes a record if it is still what was read; comparison and removal are one atomic step. A record
 * that has changed stays, and the promise resolves to it as it is now.
 */
export async function removeRecord(
  redis: RedisReader,
  { key: name, key_base64: bytes, fields }: StoredRecord,
): Promise<StoredRecord | undefined> {
  const key = bytes === undefined ? name : Buffer.from(bytes, 'base64');
  const removed = await redis.call('EVAL', REMOVE_SCRIPT, 1, key, fingerprint(fields));
  return removed === 1 ? undefined : await readRecord(redis, key);
}

/** Deletes a hash if its content has the fingerprint: `fingerprint` below, in Lua. */
const REMOVE_SCRIPT = `
local pairs, fields = redis.call('HGETALL', KEYS[1]), {}
for n = 1, #pairs, 2 do
  if pairs[n] ~= '${OLD_INDEX_MARK}' then
    fields[#fields + 1] = redis.sha1hex(pairs[n]) .. redis.sha1hex(pairs[n + 1])
  end
end
table.sort(fields)
if redis.sha1hex(table.concat(fields)) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`;

function fingerprint(fields: Readonly<Record<string, string>>): string {
  const lines = Object.entries(fields).map(([name, value]) => sha1(name) + sha1(value));
  return sha1(lines.sort().join(''));
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

async function readRecord(
  redis: RedisReader,
  key: string | Buffer,
): Promise<StoredRecord | undefined> {
  const name = typeof key === 'string' ? key : idText(key);
  let fields: Record<string, string>;
  try {
    fields = recordOf(name, await redis.callBuffer('HGETALL', key));
  } catch (error) {
    if (!isWrongType(error)) throw error;
    throw new MangamotionError('damaged', `${name} is not a hash: nothing was removed`, {
      hint: 'look at it with redis-cli, and remove it by hand if nobody needs it',
    });
  }
  if (Object.keys(fields).length === 0) return undefined;
  const seconds = Number(await redis.call('TTL', key));
  const isWhole = typeof key === 'string' || Buffer.from(name, 'utf8').equals(key);
  return {
    key: name,
    ...(!isWhole && { key_base64: key.toString('base64') }),
    fields,
    expires_in: seconds < 0 ? null : seconds,
  };
}

/** Rejects bytes that are not UTF-8: JSON cannot represent them, so the export could not restore them. */
function recordOf(key: string, reply: unknown): Record<string, string> {
  const texts = (reply as Buffer[]).map((bytes) => {
    if (isUtf8(bytes)) return bytes.toString('utf8');
    throw new MangamotionError('damaged', `${key} holds bytes that are not UTF-8 text`, {
      hint: 'nothing was removed; keep it with redis-cli DUMP, and remove it by hand',
    });
  });
  const isField = (name: string, at: number) => at % 2 === 0 && name !== OLD_INDEX_MARK;
  const pairs = texts.flatMap((name, at) =>
    isField(name, at) ? [[name, texts[at + 1] ?? '']] : [],
  );
  return Object.fromEntries(pairs) as Record<string, string>;
}

async function dayKeys(redis: RedisReader, userId: string, signal: AbortSignal): Promise<Buffer[]> {
  const found = new Map<string, Buffer>();
  for await (const keys of scanKeys(redis, dayKeysOf(userId), signal)) {
    for (const key of keys) {
      if (partsOfDayKey(key)?.userId === userId) found.set(key.toString('latin1'), key);
    }
  }
  return [...found.values()];
}

async function jobKeys(redis: RedisReader, userId: string, signal: AbortSignal): Promise<Buffer[]> {
  const found = new Map<string, Buffer>();
  for await (const keys of scanKeys(redis, JOB_KEYS, signal)) {
    const owners = await readHashes(redis, keys, ['user_id']);
    for (const [index, key] of keys.entries()) {
      const fields = owners[index];
      const isOwn = fields !== 'wrong type' && fields?.[0] === userId;
      if (isOwn) found.set(key.toString('latin1'), key);
    }
  }
  return [...found.values()];
}
