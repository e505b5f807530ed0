import type { Stats } from 'node:fs';
import { copyFile, lstat, mkdir, open, readdir, rename, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { readLastLines, replaceFile } from '../../files/bounded.js';
import { UnfitFileError, errnoOf, translateFileError } from '../../files/errors.js';
import { PARTIAL_SUFFIX, syncFolder } from '../../files/sync.js';
import type { DaemonLog } from '../log.js';
import { mergeStates } from './merge.js';
import { readState, setStateAside, writeState } from './state.js';

interface Move {
  /** The state folder, in which earlier versions have their state. */
  from: string;
  /** The subfolder of our own. */
  to: string;
  now: Date;
  log: DaemonLog;
}

const HISTORY = 'history.ndjson';
const STATE = 'state.json';
/** Of a history, in each of its files. */
const MOST_READ_BYTES = 16 * 1024 * 1024;

/**
 * Moves the state that an earlier version left in the state folder into the subfolder of our own; call it
 * with the locks of both. Where both have something, because an earlier version ran once more, or because
 * the last move was cut off, they are merged. Nothing is removed before it is elsewhere, so that a crash
 * after any step loses nothing, and the next call does the rest.
 */
export async function migrateState(move: Move): Promise<void> {
  const steps: string[] = [];
  for await (const step of migrationSteps(move)) steps.push(step);
  if (steps.length === 0) return;
  await syncFolder(move.to);
  await syncFolder(move.from);
  move.log.info({ from: move.from, to: move.to }, 'the state was moved into a folder of its own');
}

/** The same with a stop after each change, which it names. */
export async function* migrationSteps(move: Move): AsyncGenerator<string> {
  const { from, to } = move;
  try {
    yield* moveRest(move);
    yield* moveHistory(move);
    // The state is last: with it an earlier version still finds what it has to do.
    yield* moveScheduleState(move);
    // Requests stay for those who made them, who give up soon.
    await rmdir(path.join(from, 'requests')).catch(() => undefined);
  } catch (error) {
    throw translateFileError(error, `move the state into ${to} from`, from);
  }
}

/** Moves logs, the id of the daemon and states that could not be used. */
async function* moveRest({ from, to, log }: Move): AsyncGenerator<string> {
  for (const name of await readdir(from)) {
    const [old, own] = [path.join(from, name), path.join(to, name)];
    if ([STATE, HISTORY, 'daemon-id'].some((one) => name === `${one}${PARTIAL_SUFFIX}`)) {
      if ((await kindOf(old)) === 'folder') continue;
      await rm(old, { force: true });
      yield `removed ${name}`;
    } else if (name === 'daemon-id') {
      const kind = await kindOf(old);
      if (kind === 'folder') continue;
      if (kind !== 'file' || (await kindOf(own)) !== undefined) await rm(old);
      else await moveTree(old, own);
      yield `moved ${name}`;
    } else if (name === 'runs' || name.startsWith('state.unusable-')) {
      if (name === 'runs' && (await kindOf(old)) !== 'folder') {
        log.warn({ file: old }, 'it is not a folder of logs, and stays where it is');
        continue;
      }
      await moveTree(old, own);
      yield `moved ${name}`;
    }
  }
}

async function* moveHistory({ from, to, log }: Move): AsyncGenerator<string> {
  const names = [`${HISTORY}.1`, HISTORY];
  const ours = await Promise.all(names.map((name) => kindOf(path.join(to, name))));
  const texts: string[] = [];
  const merged: string[] = [];
  for (const name of names) {
    const [old, own] = [path.join(from, name), path.join(to, name)];
    const kind = await kindOf(old);
    if (kind === undefined) continue;
    if (kind === 'file' && ours.every((our) => our === undefined)) {
      await moveTree(old, own);
      yield `moved ${name}`;
      continue;
    }
    try {
      texts.push(...(await readLastLines(old, MOST_READ_BYTES)));
      merged.push(old);
    } catch (error) {
      if (!(error instanceof UnfitFileError)) throw error;
      log.warn({ file: old, reason: error.message }, 'it is not a history, and stays where it is');
    }
  }
  if (merged.length === 0) return;
  const own = path.join(to, HISTORY);
  const before = await linesOf(own);
  await replaceFile(own, [...before, ...texts].map((line) => `${line}\n`).join(''));
  yield 'merged the history';
  for (const old of merged) {
    await rm(old);
    yield `removed ${path.basename(old)}`;
  }
}

async function linesOf(file: string): Promise<string[]> {
  try {
    return await readLastLines(file, MOST_READ_BYTES);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

async function* moveScheduleState({ from, to, now, log }: Move): AsyncGenerator<string> {
  const old = path.join(from, STATE);
  const kind = await kindOf(old);
  if (kind === undefined) return;
  const [theirs, ours] = [await readState(from), await readState(to)];
  if (ours.kind === 'unusable') {
    const file = await setStateAside(to, now);
    log.warn({ file, reason: ours.reason }, 'the state cannot be used and is kept aside');
    yield 'kept our state aside';
  }
  if (theirs.kind === 'read' && (ours.kind === 'read' || kind === 'link')) {
    const both = ours.kind === 'read' ? mergeStates(theirs.state, ours.state) : theirs.state;
    await writeState(to, both);
    yield 'merged the state';
    await rm(old);
    yield `removed ${STATE}`;
  } else if (ours.kind === 'read') {
    const reason = theirs.kind === 'unusable' ? theirs.reason : 'it leads nowhere';
    const file = await setStateAside(from, now);
    await moveTree(file, path.join(to, path.basename(file)));
    log.warn({ file, reason }, 'the state of an earlier version cannot be used');
    yield 'kept the state aside';
  } else {
    // One that cannot be used is kept aside when it is opened, and the history takes its place.
    await moveTree(old, path.join(to, STATE));
    yield `moved ${STATE}`;
  }
}

type Kind = 'file' | 'folder' | 'link' | 'other';

/** `undefined` where there is nothing. */
async function kindOf(file: string): Promise<Kind | undefined> {
  let stats: Stats;
  try {
    stats = await lstat(file);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'folder';
  return stats.isSymbolicLink() ? 'link' : 'other';
}

/** Moves a file or a folder, into one that is there already and onto another file system too. */
async function moveTree(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
    return;
  } catch (error) {
    if (!['EXDEV', 'ENOTEMPTY', 'EEXIST'].includes(errnoOf(error) ?? '')) throw error;
  }
  const kind = await kindOf(from);
  if (kind === 'folder') {
    await mkdir(to, { recursive: true, mode: 0o700 });
    for (const name of await readdir(from)) {
      await moveTree(path.join(from, name), path.join(to, name));
    }
    await rmdir(from);
  } else if (kind === 'file') {
    await copyDurably(from, to);
    await rm(from);
  } else {
    await rm(from, { force: true });
  }
}

async function copyDurably(from: string, to: string): Promise<void> {
  const draft = `${to}${PARTIAL_SUFFIX}`;
  await copyFile(from, draft);
  const file = await open(draft, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, to);
}
