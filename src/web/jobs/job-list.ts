import type { JobDocument, JobsDocument } from '../data/documents.js';

/** What is listed: jobs of a status, of a user, or with ids that contain a text. `undefined` selects all. */
export interface JobFilter {
  status: string | undefined;
  userId: string | undefined;
  id: string | undefined;
}

/** What is known of the jobs that a filter selects, newest first. */
export interface JobList {
  /** One for each job; `undefined` for those that were not asked for yet. */
  rows: readonly (JobDocument | undefined)[];
  /** New jobs that are not among the rows yet, because the list is scrolled. */
  waiting: readonly JobDocument[];
}

export type Counts = Readonly<Record<string, number>>;

/** Returns the list after its beginning was read again. */
export function withHead(list: JobList | undefined, head: JobsDocument, isAtTop: boolean): JobList {
  if (list === undefined) return { rows: sized(head.jobs, head.total), waiting: [] };
  const known = new Map(list.rows.map((row, index) => [row?.id, index]));
  if (isAtTop || list.rows.length === 0) {
    const lastKnown = known.get(head.jobs.at(-1)?.id);
    const rest = lastKnown === undefined ? [] : list.rows.slice(lastKnown + 1);
    return { rows: sized([...head.jobs, ...rest], head.total), waiting: [] };
  }
  const firstKnown = head.jobs.findIndex(({ id }) => known.has(id));
  const waiting = firstKnown === -1 ? list.waiting : head.jobs.slice(0, firstKnown);
  const byId = new Map(head.jobs.map((job) => [job.id, job]));
  const rows = list.rows.map((row) => (row === undefined ? row : (byId.get(row.id) ?? row)));
  return { rows: sized(rows, Math.max(0, head.total - waiting.length)), waiting };
}

/** Returns the list with jobs from somewhere in it, as the server has answered. */
export function withBlock(list: JobList, block: JobsDocument): JobList {
  const start = block.offset - list.waiting.length;
  const rows = sized(list.rows, Math.max(0, block.total - list.waiting.length));
  const ids = new Set(block.jobs.map(({ id }) => id));
  // The list may have moved since: a job is in it once.
  for (const [index, row] of rows.entries())
    if (row !== undefined && ids.has(row.id)) rows[index] = undefined;
  for (const [index, job] of block.jobs.entries())
    if (start + index >= 0 && start + index < rows.length) rows[start + index] = job;
  return { ...list, rows };
}

export interface Changed {
  list: JobList;
  counts: Counts;
  /** What is shown may differ from what the server has: it should be asked again. */
  isUncertain: boolean;
}

/** Returns the list after an event about a job. */
export function withJob(
  { list, counts }: { list: JobList; counts: Counts },
  job: JobDocument,
  filter: JobFilter,
  isAtTop: boolean,
): Changed {
  const isOfUser = filter.userId === undefined || job.user_id === filter.userId;
  if (!isOfUser || !hasIn(job.id, filter.id ?? '')) return { list, counts, isUncertain: false };
  const fits = filter.status === undefined || job.status === filter.status;
  const isJob = (row: JobDocument | undefined): boolean => row?.id === job.id;
  const index = list.rows.findIndex(isJob);
  const known = list.rows[index] ?? list.waiting.find(isJob);
  if (known !== undefined) {
    return {
      list: fits ? replaced(list, job) : without(list, job.id),
      counts: counted(counts, known.status, job.status),
      isUncertain: false,
    };
  }
  if (!fits) return { list, counts, isUncertain: true };
  const isNewest = isNewer(job, list.waiting[0] ?? list.rows[0]);
  if (isNewest) {
    const isOfAll = filter.status === undefined;
    return {
      list: isAtTop
        ? { ...list, rows: [job, ...list.rows] }
        : { ...list, waiting: [job, ...list.waiting] },
      counts: isOfAll ? added(counts, job.status) : counts,
      isUncertain: !isOfAll,
    };
  }
  const place = list.rows.findIndex((row) => row === undefined || isNewer(job, row));
  if (list.rows[place] === undefined) return { list, counts, isUncertain: true };
  return { list: { ...list, rows: list.rows.toSpliced(place, 0, job) }, counts, isUncertain: true };
}

/** Returns the list without a job. */
export function without(list: JobList, id: string): JobList {
  const isOther = (row: JobDocument | undefined): boolean => row?.id !== id;
  return { rows: list.rows.filter(isOther), waiting: list.waiting.filter(isOther) };
}

/** Returns the list with the jobs that wait above it. */
export function released({ rows, waiting }: JobList): JobList {
  return { rows: [...waiting, ...rows], waiting: [] };
}

/** Returns where to read next so that the rows are known; `undefined`: they are. */
export function missingOffset(
  { rows, waiting }: JobList,
  first: number,
  end: number,
): number | undefined {
  for (let index = Math.max(0, first); index < Math.min(end, rows.length); index++)
    if (rows[index] === undefined) return index + waiting.length;
  return undefined;
}

/** Jobs whose ids contain the text, among those that are known. */
export function found(rows: JobList['rows'], text: string): JobDocument[] {
  return rows.filter((row) => row !== undefined).filter(({ id }) => hasIn(id, text));
}

function hasIn(id: string, text: string): boolean {
  return id.toLowerCase().includes(text.toLowerCase());
}

/** What rows are sorted by. */
function timeOf({ created_at, finished_at }: JobDocument): number {
  const text = created_at ?? finished_at;
  return text === null ? -Infinity : Date.parse(text);
}

function isNewer(job: JobDocument, other: JobDocument | undefined): boolean {
  return other === undefined || timeOf(job) > timeOf(other);
}

function replaced({ rows, waiting }: JobList, job: JobDocument): JobList {
  const put = <T extends JobDocument | undefined>(row: T): T | JobDocument =>
    row?.id === job.id ? job : row;
  return { rows: rows.map(put), waiting: waiting.map(put) };
}

function sized(
  rows: readonly (JobDocument | undefined)[],
  length: number,
): (JobDocument | undefined)[] {
  return Array.from({ length }, (_, index) => rows[index]);
}

function counted(counts: Counts, from: string, to: string): Counts {
  if (from === to) return counts;
  return {
    ...counts,
    [from]: Math.max(0, (counts[from] ?? 0) - 1),
    [to]: (counts[to] ?? 0) + 1,
  };
}

function added(counts: Counts, status: string): Counts {
  return { ...counts, all: (counts.all ?? 0) + 1, [status]: (counts[status] ?? 0) + 1 };
}
