import { execFileSync } from 'node:child_process';
import {
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import {
  openToAppend,
  readLastLines,
  readSmallFile,
  replaceFile,
} from '../../../src/files/bounded.js';
import { explainFileError } from '../../../src/files/errors.js';
import { removeAtExit } from '../../helpers/child-processes.js';

const root = mkdtempSync(join(tmpdir(), 'mangamotion-bounded-'));
afterAll(removeAtExit(root));

let file: string;
let tests = 0;
beforeEach(() => {
  const folder = join(root, String(++tests));
  mkdirSync(folder);
  file = join(folder, 'file');
});

const LIMIT = { mostBytes: 1024 };
const fifo = (path: string) => execFileSync('mkfifo', [path]);
const whyOf = (reading: Promise<unknown>) =>
  reading.then(
    () => 'it was read',
    (error: unknown) => explainFileError(error).why,
  );

describe('a small file', () => {
  it('is read, up to its limit', async () => {
    writeFileSync(file, 'x'.repeat(1024));
    expect((await readSmallFile(file, LIMIT)).bytes).toHaveLength(1024);
    writeFileSync(file, 'x'.repeat(1025));
    expect(await whyOf(readSmallFile(file, LIMIT))).toBe('it is larger than 1 KiB');
  });

  it('of a gigabyte is refused at once', async () => {
    writeFileSync(file, '');
    truncateSync(file, 2 ** 40);
    expect(await whyOf(readSmallFile(file, LIMIT))).toBe('it is larger than 1 KiB');
  });

  it('is read where it has no size, as in /proc', async () => {
    const { bytes } = await readSmallFile('/proc/self/stat', LIMIT);
    expect(bytes.toString()).toContain(String(process.pid));
  });

  it('is no pipe, folder or socket, and no device that goes on for ever', async () => {
    fifo(file);
    expect(await whyOf(readSmallFile(file, LIMIT))).toBe('it is a pipe, not a file');
    expect(await whyOf(readSmallFile(root, LIMIT))).toBe('it is a folder');
    expect(await whyOf(readSmallFile('/dev/zero', LIMIT))).toBe('it is larger than 1 KiB');
    expect((await readSmallFile('/dev/null', LIMIT)).bytes).toHaveLength(0);
    const server = createServer().listen(`${file}.socket`);
    await once(server, 'listening');
    const why = await whyOf(readSmallFile(`${file}.socket`, LIMIT));
    server.close();
    expect(why).toBe('it is a socket, not a file');
  });
});

describe('a pipe, where one is accepted', () => {
  const PIPE = { mostBytes: 1024, pipeMs: 60_000 };

  it('is read to its end, whenever that comes', async () => {
    fifo(file);
    // It is open at both ends here, so that the reader finds a writer.
    const held = await import('node:fs/promises').then(({ open }) => open(file, 'r+'));
    const writer = createWriteStream(file);
    await once(writer, 'open');
    const reading = readSmallFile(file, PIPE);
    writer.write('first ');
    await new Promise((resolve) => setTimeout(resolve, 60));
    writer.end('second');
    await once(writer, 'close');
    await held.close();
    expect((await reading).bytes.toString()).toBe('first second');
  });

  it('without a writer is empty, with one that says nothing is given up', async () => {
    fifo(file);
    expect((await readSmallFile(file, PIPE)).bytes).toHaveLength(0);
    const held = await import('node:fs/promises').then(({ open }) => open(file, 'r+'));
    const why = await whyOf(readSmallFile(file, { mostBytes: 1024, pipeMs: 50 }));
    await held.close();
    expect(why).toBe('no end of the pipe came within 0.05 s');
  });
});

describe('the last lines', () => {
  it('are whole ones', async () => {
    writeFileSync(file, 'one\ntwo\n\nthree\n');
    expect(await readLastLines(file, 1024)).toEqual(['one', 'two', 'three']);
    expect(await readLastLines(file, 9)).toEqual(['three']);
    expect(await readLastLines(file, 7)).toEqual(['three']);
  });

  it('are of a file', async () => {
    fifo(file);
    expect(await whyOf(readLastLines(file, 1024))).toBe('it is a pipe, not a file');
    expect(await whyOf(readLastLines('/dev/zero', 1024))).toBe('it is a device, not a file');
    expect(await whyOf(readLastLines(root, 1024))).toBe('it is a folder, not a file');
  });
});

describe('writing', () => {
  it('waits for nobody where the name of the draft is a pipe', async () => {
    fifo(`${file}.partial`);
    await replaceFile(file, 'text');
    expect(readFileSync(file, 'utf8')).toBe('text');
  });

  it('replaces a pipe, and appends to none', async () => {
    fifo(file);
    expect(await whyOf(openToAppend(file))).toBe('it is a pipe, not a file');
    await replaceFile(file, 'text');
    expect(readFileSync(file, 'utf8')).toBe('text');
  });
});
