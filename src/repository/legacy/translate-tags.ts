import { isRecord } from './json.js';

export interface Tag {
  key: string;
  value: string;
}

/**
 * The tags in what `mc tag list` printed, in text or JSON; none where it says so, and `undefined`
 * where it is something else. Pure.
 */
export function readTags(content: string, json: unknown): Tag[] | undefined {
  return isRecord(json) ? tagsOfJson(json) : tagsOfText(content);
}

/** `{"tagset": {"team": "render"}, "status": "success", …}`; the tag set is left out where empty. */
function tagsOfJson(json: Record<string, unknown>): Tag[] | undefined {
  const set = json.tagset ?? {};
  if (!isRecord(set)) return undefined;
  if (json.tagset === undefined && json.status !== 'success' && Object.keys(json).length > 0) {
    return undefined;
  }
  const tags: Tag[] = [];
  for (const [key, value] of Object.entries(set)) {
    if (typeof value !== 'string') return undefined;
    tags.push({ key, value });
  }
  return tags;
}

const COLON = 0x3a;

/**
 * A line `Name : alias/bucket`, then a line a tag, all with their colon in the same column: so a
 * colon in a key or value is told from the one between them. Columns are counted in bytes, as `mc`
 * counts them.
 */
function tagsOfText(content: string): Tag[] | undefined {
  const [head, ...lines] = content.split(/\r?\n/).map((line) => Buffer.from(line));
  if (head === undefined || !/^Name *: /.test(head.toString())) return undefined;
  const column = head.indexOf(COLON);
  const tags: Tag[] = [];
  for (const line of lines) {
    const text = line.toString();
    if (text.trim() === '' || text.trim() === 'No tags found') continue;
    if (line[column] !== COLON) return undefined;
    // Blanks at the end of the last value went when the file was trimmed, and with them ours.
    const key = line.subarray(0, column).toString().trimEnd();
    if (key === '') return undefined;
    tags.push({ key, value: line.subarray(column + 2).toString() });
  }
  return tags;
}
