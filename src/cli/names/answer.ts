import { once } from 'node:events';
import type { Catalog } from '../argv/command.js';
import { NAME_KINDS } from '../argv/option-specs.js';
import type { Host } from '../host.js';
import type { Sink } from '../output/sink.js';
import { openSession } from '../run/session.js';
import { nameSources } from './sources.js';
import { readTypedLine } from './typed-line.js';

/**
 * Somebody waits with a half-typed line, and a server behind a slow link or on a busy machine takes its
 * time. To start takes a part of a second more.
 */
const LIMIT_MS = 3000;
const MOST_NAMES = 300;
const LONGEST_NAME = 255;

/**
 * Writes the names of a kind that begin with what is typed, one a line. Whatever fails, and after
 * this limit: nothing. Always resolves to 0, since a shell could only show a failure in the middle of the
 * line.
 */
export async function answerNames(
  [kind, typed = '', ...words]: readonly string[],
  catalog: Catalog,
  host: Host,
  sink: Sink,
): Promise<number> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  const expired = once(signal, 'abort').then((): string[] => []);
  const names = await Promise.race([
    namesOf(kind, typed, words.map(withHome(host)), { catalog, host, signal }),
    expired,
  ]).catch((): string[] => []);
  await sink
    .write(names.map((name) => `${name}\n`).join(''))
    .then(() => sink.flush())
    .catch(() => undefined);
  return 0;
}

async function namesOf(
  kindText: string | undefined,
  typed: string,
  words: readonly string[],
  { catalog, host, signal }: { catalog: Catalog; host: Host; signal: AbortSignal },
): Promise<string[]> {
  const kind = NAME_KINDS.find((known) => known === kindText);
  if (kind === undefined) return [];
  const line = await readTypedLine(words, catalog);
  const silent = (): void => undefined;
  const session = openSession(line.global, host, signal, silent, silent);
  try {
    const names = await nameSources[kind]({ typed, line, session, host, signal });
    return fitting(names, typed);
  } finally {
    session.close();
  }
}

/**
 * Names that can be typed. One that begins with a dash would be read as an option, and shells show
 * characters that cannot be seen, or move the cursor, as they are.
 */
function fitting(names: Iterable<string>, typed: string): string[] {
  const found = new Set<string>();
  for (const name of names) {
    if (found.size === MOST_NAMES) break;
    if (name === '' || name.length > LONGEST_NAME || name.startsWith('-')) continue;
    if (name.startsWith(typed) && !/[\p{C}\p{Zl}\p{Zp}]/u.test(name)) found.add(name);
  }
  return [...found];
}

/** Shells expand `~/` only when the line is run. */
function withHome({ env }: Host): (word: string) => string {
  return (word) =>
    env.HOME !== undefined && word.startsWith('~/') ? env.HOME + word.slice(1) : word;
}
