import { createHash } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import * as vectors from 'cctv-age';
import { expect, test } from 'vitest';
import { DecryptedSource } from '../../../src/age/decrypted-source.js';
import { isArmored, openHeader, payloadKeyOf, splitHead } from '../../../src/age/header.js';
import type { Identity } from '../../../src/age/keys.js';
import { memorySource } from './memory-source.js';

/**
 * The test vectors of the age specification (C2SP CCTV, 0BSD): what must open opens, and what must
 * fail fails. A file in text form (armor) cannot be read in part, so all of them are refused as such.
 */

interface Vector {
  expect: string;
  payload: string | undefined;
  identities: Identity[];
  file: Buffer;
  armored: boolean;
}

function parse(bytes: Uint8Array): Vector {
  const all = Buffer.from(bytes);
  const end = all.indexOf('\n\n');
  const fields = all
    .toString('utf8', 0, end)
    .split('\n')
    .map((line) => line.split(/: ?(.*)/s) as [string, string]);
  const valueOf = (name: string) => fields.find(([key]) => key === name)?.[1];
  const body = all.subarray(end + 2);
  const identities = fields.flatMap(([name, text]): Identity[] => {
    if (name === 'identity') return [{ kind: 'key', text }];
    return name === 'passphrase' ? [{ kind: 'passphrase', text }] : [];
  });
  return {
    expect: valueOf('expect') ?? '',
    payload: valueOf('payload'),
    identities,
    file: valueOf('compressed') === 'zlib' ? inflateSync(body) : body,
    armored: valueOf('armored') === 'yes',
  };
}

/** Opens a file as the program does: head, header, then the payload in pieces of odd sizes. */
async function open({ file, identities }: Vector): Promise<{ outcome: string; plain?: Buffer }> {
  if (isArmored(file)) return { outcome: 'armored' };
  const head = splitHead(file);
  if (head === undefined) return { outcome: 'no head' };
  const opened = await openHeader(head.header, identities);
  if (opened.kind !== 'opened') return { outcome: opened.kind };
  try {
    const headBytes = head.header.length + head.nonce.length;
    const key = payloadKeyOf(opened.fileKey, head);
    const source = new DecryptedSource(memorySource(file), { file: 'a.age', headBytes, key });
    const parts: Buffer[] = [await source.read(source.sizeBytes, 0)];
    for (let at = 0; at < source.sizeBytes; at += 100_003) {
      parts.push(await source.read(at, Math.min(100_003, source.sizeBytes - at)));
    }
    return { outcome: 'opened', plain: Buffer.concat(parts) };
  } catch (error) {
    return { outcome: (error as { code?: string }).code ?? 'unexpected' };
  }
}

const cases = Object.entries(vectors).map(([name, bytes]) => ({ name, ...parse(bytes) }));

test('there are vectors of every outcome', () => {
  const outcomes = new Set(cases.map((vector) => vector.expect));
  for (const outcome of [
    'success',
    'no match',
    'HMAC failure',
    'header failure',
    'payload failure',
  ])
    expect(outcomes).toContain(outcome);
});

test.each(cases.filter(({ armored }) => !armored))('$name: $expect', async (vector) => {
  const { outcome, plain } = await open(vector);
  const allowed = {
    success: ['opened'],
    'no match': ['no_match'],
    'HMAC failure': ['damaged', 'no head'],
    'header failure': ['damaged', 'no head'],
    'payload failure': ['damaged', 'no head'],
    'armor failure': ['no head', 'armored'],
  }[vector.expect];
  expect(allowed).toContain(outcome);
  if (vector.expect !== 'success') return;
  const sha256 = createHash('sha256').update(plain ?? Buffer.alloc(0));
  expect(sha256.digest('hex')).toBe(vector.payload);
});

test.each(cases.filter(({ armored }) => armored))('$name is not opened', async (vector) => {
  expect(['armored', 'no head']).toContain((await open(vector)).outcome);
});
