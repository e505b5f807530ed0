import { readEviction } from '../redis/eviction.js';
import type { HashFields, RedisReader } from '../redis/reader.js';
import { readHashes, readLives } from '../redis/reader.js';
import { scanKeys } from '../redis/scan.js';
import type { Finding, Ledger } from './audit.js';
import { auditLedger, findingOf } from './audit.js';
import type { Day } from './calendar.js';
import type { CounterProblem } from './counters.js';
import { usageIn } from './counters.js';
import { EVICTION_REMEDY, evictionText } from './eviction.js';
import type { FindingKind } from './finding-kinds.js';
import {
  DAY_KEYS,
  JOB_KEYS,
  USER_KEYS,
  dayKeysOf,
  idText,
  jobOfKey,
  partsOfDayKey,
  userKey,
  userOfKey,
} from './keys.js';
import type { Usage } from './usage.js';
import { NO_USAGE, USAGE_FIELDS, addUsage } from './usage.js';

export interface AuditRequest {
  /** `undefined` for all users. */
  userId: string | undefined;
  today: Day;
  signal: AbortSignal;
  /** Called with the number of records that have been read. */
  onProgress: (records: number) => void;
}

export interface Audit {
  findings: Finding[];
  checked: { users: number; days: number; jobs: number };
}

/**
 * Compares each user's lifetime total with the sum of the days and with the sum of the jobs. The days are
 * read first, then the jobs, then the lifetime totals: counters only grow, so that usage that is tracked
 * meanwhile never looks like drift.
 */
export async function audit(redis: RedisReader, request: AuditRequest): Promise<Audit> {
  return await new AuditRun(redis, request).run();
}

const JOB_FIELDS = ['bytes_processed', 'compute_seconds', 'user_id'];
const UNDEFINED_IDS: ReadonlySet<string> = new Set(['undefined', 'null', '']);

class AuditRun {
  readonly #redis: RedisReader;
  readonly #request: AuditRequest;
  readonly #findings: Finding[] = [];
  readonly #ledgers = new Map<string, Ledger>();
  readonly #checked = { users: 0, days: 0, jobs: 0 };

  constructor(redis: RedisReader, request: AuditRequest) {
    this.#redis = redis;
    this.#request = request;
  }

  async run(): Promise<Audit> {
    await this.#addDays();
    await this.#addJobs();
    await this.#addLifetimes();
    await this.#addEviction();
    for (const ledger of this.#ledgers.values()) this.#findings.push(...auditLedger(ledger));
    return { findings: this.#findings, checked: this.#checked };
  }

  async #addDays(): Promise<void> {
    const { userId, today } = this.#request;
    const pattern = userId === undefined ? DAY_KEYS : dayKeysOf(userId);
    for await (const { key, name, fields, life } of this.#records(pattern, USAGE_FIELDS)) {
      const parts = partsOfDayKey(key);
      if (parts === undefined) {
        this.#find('odd_key', null, name, [
          'does not end in a day',
          'a program wrote it by mistake',
        ]);
        continue;
      }
      // The pattern of one user also matches users whose ids begin alike.
      if (userId !== undefined && parts.userId !== userId) continue;
      const usage = usageIn(name, fields, (problem) => this.#unreadable(parts.userId, problem));
      if (usage === undefined) continue;
      this.#checked.days += 1;
      this.#checkSigns(parts.userId, name, usage);
      this.#checkLife(parts.userId, name, life);
      if (parts.day > today) {
        const what = `is of ${parts.day}, and today is ${today} (UTC)`;
        const cause = 'the clock of a worker is wrong';
        this.#find('future_day', parts.userId, name, [what, cause], usage);
      }
      const { days } = this.#ledgerOf(parts.userId);
      days.usage = addUsage(days.usage, usage);
      days.count += 1;
    }
  }

  async #addJobs(): Promise<void> {
    const { userId } = this.#request;
    for await (const { key, name, fields, life } of this.#records(JOB_KEYS, JOB_FIELDS)) {
      const owner = fields === 'wrong type' ? null : (fields[2] ?? null);
      if (userId !== undefined && owner !== userId) continue;
      const counters = fields === 'wrong type' ? fields : fields.slice(0, 2);
      const usage = usageIn(name, counters, (problem) => this.#unreadable(owner, problem));
      if (fields === 'wrong type') continue;
      this.#checked.jobs += 1;
      if (UNDEFINED_IDS.has(jobOfKey(key))) {
        const cause = 'a worker tracked without a job id: several jobs overwrote each other here';
        this.#find('undefined_id', owner, name, ['is not a record of a job', cause], usage);
      }
      this.#checkLife(owner, name, life);
      if (owner === null) {
        const cause = 'the job ended before it had processed any bytes';
        this.#find('job_without_user', null, name, ['names no user', cause], usage);
        continue;
      }
      if (usage === undefined) continue;
      this.#checkSigns(owner, name, usage);
      const { jobs } = this.#ledgerOf(owner);
      jobs.usage = addUsage(jobs.usage, usage);
      jobs.count += 1;
    }
  }

  async #addLifetimes(): Promise<void> {
    const { userId } = this.#request;
    if (userId !== undefined) {
      const key = userKey(userId);
      const [fields = []] = await readHashes(this.#redis, [key], USAGE_FIELDS);
      this.#addLifetime(userId, key, fields);
      return;
    }
    for await (const { key, name, fields } of this.#records(USER_KEYS, USAGE_FIELDS)) {
      this.#addLifetime(userOfKey(key), name, fields);
    }
  }

  #addLifetime(userId: string, key: string, fields: HashFields): void {
    const problems: CounterProblem[] = [];
    const usage = usageIn(key, fields, (problem) => problems.push(problem));
    for (const problem of problems) this.#unreadable(userId, problem);
    // A total that cannot be read is neither missing nor small: there is nothing to compare with.
    if (problems.length > 0) this.#ledgers.delete(userId);
    if (usage === undefined) return;
    this.#checked.users += 1;
    this.#checkSigns(userId, key, usage);
    if (UNDEFINED_IDS.has(userId)) {
      const texts: Texts = ['is not a record of a user', 'a worker had no user id'];
      this.#find('undefined_id', userId, key, texts);
    }
    if (problems.length === 0) this.#ledgerOf(userId).lifetime = usage;
  }

  async #addEviction(): Promise<void> {
    const eviction = await readEviction(this.#redis);
    if (eviction === undefined) return;
    const kind = eviction.evictedKeys > 0 ? 'evicted_keys' : 'may_evict';
    const what = `Redis ${evictionText(eviction)}`;
    this.#find(kind, null, null, [what, `its memory is limited: ${EVICTION_REMEDY}`]);
  }

  /** Yields each record once, although a scan may return a key twice. */
  async *#records(pattern: string, fields: readonly string[]): AsyncGenerator<Record> {
    const { signal, onProgress } = this.#request;
    const seen = new Set<string>();
    for await (const keys of scanKeys(this.#redis, pattern, signal)) {
      const fresh = keys.filter((key) => {
        const name = key.toString('latin1');
        return !seen.has(name) && seen.add(name);
      });
      const [hashes, lives] = await Promise.all([
        readHashes(this.#redis, fresh, fields),
        readLives(this.#redis, fresh),
      ]);
      for (const [index, key] of fresh.entries()) {
        const life = lives[index] ?? 'gone';
        if (life === 'gone') continue;
        yield { key, name: idText(key), fields: hashes[index] ?? [], life };
      }
      const { users, days, jobs } = this.#checked;
      onProgress(users + days + jobs);
    }
  }

  #ledgerOf(userId: string): Ledger {
    let ledger = this.#ledgers.get(userId);
    if (ledger === undefined) {
      const none = () => ({ usage: NO_USAGE, count: 0 });
      ledger = { userId, lifetime: undefined, days: none(), jobs: none() };
      this.#ledgers.set(userId, ledger);
    }
    return ledger;
  }

  #checkSigns(userId: string, key: string, usage: Usage): void {
    if (Object.values(usage).every((value: bigint) => value >= 0n)) return;
    const texts: Texts = ['has a negative counter', 'someone corrected it by hand'];
    this.#find('negative', userId, key, texts);
  }

  #checkLife(userId: string | null, key: string, life: Life): void {
    if (life !== 'for ever') return;
    const cause = 'the worker stopped before it set one, or only the end of the job was tracked';
    this.#find('without_expiry', userId, key, ['never expires', cause]);
  }

  #unreadable(userId: string | null, { key, field, problem }: CounterProblem): void {
    const kind = field === null ? 'not_a_hash' : 'not_a_number';
    const what = field === null ? problem : `${field} ${problem}`;
    this.#find(kind, userId, key, [what, 'a program other than the workers wrote it']);
  }

  #find(
    kind: FindingKind,
    userId: string | null,
    key: string | null,
    texts: Texts,
    difference?: Usage,
  ): void {
    this.#findings.push(findingOf(kind, { userId, key }, texts, difference));
  }
}

type Texts = [what: string, cause: string];
type Life = 'for ever' | 'limited' | 'gone';

interface Record {
  key: Buffer;
  name: string;
  fields: HashFields;
  life: Life;
}
