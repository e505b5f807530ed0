/** What is to become of an entry of a tar.gz that may be hostile. Pure. */
export type EntryDecision =
  | { kind: 'unpack' }
  /** It is named among what is left out. */
  | { kind: 'skip'; bucket: string; key: string; reason: string }
  /** Nobody made it by backing up: nothing of the tar is used. */
  | { kind: 'refuse'; reason: string };

/** `OldFile` is that of a tar from before POSIX. */
const FILES = ['File', 'OldFile', 'ContiguousFile'];

/** The scripts packed the folder of the backup's name; `./` before it is the same. */
export function decideEntry(entry: { path: string; type: string }, id: string): EntryDecision {
  const path = entry.path.replace(/^(?:\.\/+)+/, '').replace(/\/+$/, '');
  // The folder in which it was packed.
  if (path === '' || path === '.') return { kind: 'unpack' };
  const [top, ...segments] = path.split('/');
  const shown = JSON.stringify(entry.path);
  const isOutside = top !== id || segments.some((name) => name === '..' || name === '.');
  if (isOutside || path.includes('\0')) {
    return { kind: 'refuse', reason: `${shown} does not lie in the folder ${id}` };
  }
  if (entry.type === 'Directory' || FILES.includes(entry.type)) return { kind: 'unpack' };
  const [bucket, key] =
    segments[0] === 'data' ? [segments[1], segments.slice(2).join('/')] : ['', path];
  return { kind: 'skip', bucket: bucket ?? '', key, reason: `it is no file but a ${entry.type}` };
}
