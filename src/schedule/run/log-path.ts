import path from 'node:path';

/** The log of a run, from the state folder: those of an entry lie together, sorted by time. */
export function logPathOf(name: string, startedAt: Date): string {
  const time = startedAt.toISOString().replaceAll(':', '').replace('.', '-');
  return path.join('runs', name, `${time}.log`);
}
