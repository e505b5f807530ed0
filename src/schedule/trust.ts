/** Who owns a file or folder and who may write to it, as `stat` tells it. */
export interface Ownership {
  mode: number;
  uid: number;
  gid: number;
}

const GROUP_MAY_WRITE = 0o020;
const ALL_MAY_WRITE = 0o002;
const ROOT = 0;

/**
 * Why others than root and the user with this id can change a file or folder, for people; `undefined`
 * where they cannot. A group with the number of the owner is the owner's private one, as most
 * distributions create it.
 */
export function writableByOthers(
  { mode, uid, gid }: Ownership,
  ourUid: number,
): string | undefined {
  if (uid !== ROOT && uid !== ourUid) return `it belongs to user ${uid}`;
  if ((mode & ALL_MAY_WRITE) !== 0) return 'everyone may write to it';
  if ((mode & GROUP_MAY_WRITE) !== 0 && gid !== uid) return `group ${gid} may write to it`;
  return undefined;
}
