import type { IndexLine } from '../../archive/index-line.js';

/** Returns an object in the document of `backup ls`. */
export function objectDocument({
  path,
  archive,
  offset,
  length,
  inner,
  ...record
}: IndexLine): IndexLine {
  return { ...record, path, archive, offset, length, inner };
}
