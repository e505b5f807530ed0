import { DOCTOR_TEXTS } from '../../config/hints.js';
import { EVICTION_REMEDY, evictionText } from '../../billing/eviction.js';
import { formatBytes } from '../../format-bytes.js';
import { countOf, formatCount } from '../../count-of.js';
import { judgeClock } from '../clock.js';
import { checkOf } from '../check.js';
import { type Finding, failure, ok, skipped, warning } from '../finding.js';
import type { RedisContact, RedisFacts } from './facts.js';
import type { RedisInfo } from './info.js';

const check = checkOf<RedisFacts>();

/** A check of what INFO tells. */
function ofInfo(
  name: `redis.${string}`,
  judge: (info: RedisInfo, address: string) => Finding,
): ReturnType<typeof check> {
  return check(name, ['info'], ({ info }) =>
    info === undefined
      ? skipped('the user may not ask INFO', 'permit its user +info')
      : judge(info, ''),
  );
}

export const serverChecks = [
  check('redis.reachable', ['contact'], ({ contact }) => judgeContact(contact)),
  check('redis.login', ['contact'], ({ contact }) => judgeLogin(contact)),
  check('redis.whole', ['notWhole'], ({ notWhole }) =>
    notWhole === undefined
      ? ok('one server with all keys')
      : failure(notWhole.message, notWhole.hint ?? DOCTOR_TEXTS.redisWithAllKeys),
  ),
  check('redis.clock', ['redisAheadMs'], ({ redisAheadMs }) =>
    redisAheadMs === undefined
      ? skipped('the user may not ask TIME', 'permit its user +time')
      : judgeClock('Redis', redisAheadMs),
  ),
  ofInfo('redis.version', judgeVersion),
  ofInfo('redis.role', judgeRole),
  ofInfo('redis.replication', judgeReplication),
  check('redis.policy', ['info', 'eviction'], ({ info, eviction }) => {
    if (info === undefined) return skipped('the user may not ask INFO', 'permit its user +info');
    if (eviction?.policy !== undefined) {
      const text = evictionText({ ...eviction, evictedKeys: 0 });
      return warning(`Redis ${text}`, `redis-cli CONFIG SET maxmemory-policy noeviction`);
    }
    const policy = info.text('maxmemory_policy') ?? 'unknown';
    const limit = info.number('maxmemory') === 0 ? ', and its memory has no limit' : '';
    return ok(`maxmemory-policy ${policy}${limit}`);
  }),
  check('redis.evicted', ['info', 'eviction'], ({ info, eviction }) => {
    if (info === undefined) return skipped('the user may not ask INFO', 'permit its user +info');
    if (eviction === undefined || eviction.evictedKeys === 0) return ok('no key was evicted');
    const hint = `${EVICTION_REMEDY}; \`mangamotion billing audit\` shows what is missing`;
    return failure(`Redis ${evictionText({ ...eviction, policy: undefined })}`, hint);
  }),
  ofInfo('redis.memory', judgeMemory),
  check('redis.saving', ['info', 'saving'], ({ info, saving }) => {
    if (info === undefined) return skipped('the user may not ask INFO', 'permit its user +info');
    return judgeSaving(info, saving);
  }),
  ofInfo('redis.snapshot', (info) => {
    const status = info.text('rdb_last_bgsave_status');
    if (status === undefined || status === 'ok') return ok('the last snapshot was written');
    return failure('the last snapshot could not be written to the disk', DISK_HINT);
  }),
  ofInfo('redis.journal', (info) => {
    const failed = ['aof_last_write_status', 'aof_last_bgrewrite_status'].filter(
      (field) => info.number('aof_enabled') === 1 && (info.text(field) ?? 'ok') !== 'ok',
    );
    if (failed.length > 0) {
      return failure('the append-only file could not be written to the disk', DISK_HINT);
    }
    return ok(info.number('aof_enabled') === 1 ? 'the append-only file is written' : 'not used');
  }),
];

const DISK_HINT = 'look at the log of the server: its disk is full, or may not be written';

function judgeContact(contact: RedisContact): Finding {
  if (contact.kind === 'unused') {
    return skipped(DOCTOR_TEXTS.redisUnused);
  }
  if (contact.kind === 'open') return ok(`Redis at ${contact.address} answers`);
  const { error, address, isNamed } = contact;
  if (error.code === 'access_denied') return ok(`Redis at ${address} answers`);
  if (isNamed) return failure(error.message, error.hint ?? DOCTOR_TEXTS.redisAddress);
  return warning(`${error.message}; ${DOCTOR_TEXTS.redisNotNamed}`, DOCTOR_TEXTS.redisMissing);
}

function judgeLogin(contact: RedisContact): Finding {
  if (contact.kind === 'unused') return skipped('no Redis is configured');
  if (contact.kind === 'open') return ok('user and password are taken');
  const { error } = contact;
  if (error.code !== 'access_denied') return skipped('Redis cannot be used');
  return failure(error.message, error.hint ?? DOCTOR_TEXTS.redisLogin);
}

/** The first with streams, which BullMQ needs; and the oldest that its makers still mend. */
const LEAST_VERSION = 5;
const MENDED_FROM = [6, 2] as const;

function judgeVersion(info: RedisInfo): Finding {
  const text = info.text('redis_version') ?? '';
  const [major = NaN, minor = 0] = text.split('.').map(Number);
  const hint = `upgrade the server to Redis ${MENDED_FROM.join('.')} or newer`;
  if (Number.isNaN(major)) return warning('the server does not tell its version', hint);
  if (major < LEAST_VERSION) return failure(`Redis ${text} is too old for BullMQ`, hint);
  const [mendedMajor, mendedMinor] = MENDED_FROM;
  const isOld = major < mendedMajor || (major === mendedMajor && minor < mendedMinor);
  return isOld
    ? warning(`Redis ${text} gets no fixes any more`, hint)
    : ok(`Redis ${text}`, `Redis ${text}`);
}

function judgeRole(info: RedisInfo): Finding {
  const role = info.text('role');
  if (role === 'master') return ok('it is the master');
  if (role !== 'slave') return warning(`its role is ${role ?? 'unknown'}`, MASTER_HINT);
  const master = `${info.text('master_host') ?? '?'}:${info.text('master_port') ?? '?'}`;
  return warning(`it is a replica of ${master}: it takes no writes, and may lag`, MASTER_HINT);
}

const MASTER_HINT = DOCTOR_TEXTS.redisMaster;

const MOST_LAG_SECONDS = 10;

function judgeReplication(info: RedisInfo): Finding {
  if (info.text('role') === 'slave') {
    const silentSeconds = info.number('master_last_io_seconds_ago') ?? Infinity;
    if (info.text('master_link_status') !== 'up') {
      return failure('the replica has lost its master: what it has is old', MASTER_HINT);
    }
    return silentSeconds > MOST_LAG_SECONDS
      ? warning(`the replica has heard nothing of its master for ${silentSeconds} s`, MASTER_HINT)
      : ok('the replica follows its master');
  }
  const behind = info.replicas.filter(
    ({ state, lagSeconds }) => state !== 'online' || !(lagSeconds <= MOST_LAG_SECONDS),
  );
  const [first] = behind;
  if (first === undefined) {
    return ok(
      info.replicas.length === 0
        ? 'no replicas'
        : `${countOf(info.replicas.length, 'replica')}, none behind`,
    );
  }
  const state = first.state === 'online' ? `${first.lagSeconds} s behind` : first.state;
  return warning(
    `the replica ${first.address} is ${state}`,
    'look at the log of that replica, and at the network between the two',
  );
}

const NEAR = 0.9;
const FULL = 0.98;

function judgeMemory(info: RedisInfo): Finding {
  const used = info.number('used_memory') ?? 0;
  const limit = info.number('maxmemory') ?? 0;
  if (limit > 0) {
    const share = used / limit;
    const text = `${formatBytes(used)} of ${formatBytes(limit)} of memory used`;
    if (share < NEAR) return ok(text, `${formatBytes(used)} of ${formatBytes(limit)} used`);
    const hint = `raise it: redis-cli CONFIG SET maxmemory ${Math.ceil((limit * 2) / 2 ** 20)}mb`;
    return (share < FULL ? warning : failure)(`${text}: it is nearly full`, hint);
  }
  const total = info.number('total_system_memory') ?? 0;
  const resident = info.number('used_memory_rss') ?? used;
  if (total > 0 && resident / total >= NEAR) {
    return warning(
      `${formatBytes(resident)} of the ${formatBytes(total)} of its machine used`,
      'give the machine more memory, or set maxmemory with maxmemory-policy noeviction',
    );
  }
  return ok(
    `${formatBytes(used)} of memory used, without a limit`,
    `${formatBytes(used)} of memory used`,
  );
}

const DAY_SECONDS = 86_400;
const SAVING_HINT = 'redis-cli CONFIG SET appendonly yes, and CONFIG REWRITE';

function judgeSaving(info: RedisInfo, saving: RedisFacts['saving']): Finding {
  if (info.number('aof_enabled') === 1) return ok('it keeps an append-only file');
  const changes = info.number('rdb_changes_since_last_save') ?? 0;
  if (saving !== undefined) {
    return saving.save === ''
      ? warning('it saves nothing to its disk: a restart loses all meters and jobs', SAVING_HINT)
      : ok(`it saves snapshots (save ${saving.save})`);
  }
  const savedAt = info.number('rdb_last_save_time') ?? 0;
  const uptime = info.number('uptime_in_seconds') ?? 0;
  const serverTime = Number(info.text('server_time_usec') ?? NaN) / 1e6;
  const ageSeconds = Number.isFinite(serverTime) ? serverTime - savedAt : uptime;
  if (changes > 0 && ageSeconds > DAY_SECONDS) {
    const text = `${formatCount(changes)} changes are not saved to its disk, for ${Math.floor(ageSeconds / 3600)} h`;
    return warning(text, SAVING_HINT);
  }
  return ok('its last snapshot is less than a day old');
}
