import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isMangamotionError } from '../../../src/errors.js';
import {
  type PublicKey,
  encodePublicKey,
  encodeSigningKey,
  keyIdText,
  newSigningKey,
  parsePublicKeys,
  parseSigningKey,
  publicKeyText,
} from '../../../src/signature/keys.js';
import { checkSignature, signFile } from '../../../src/signature/signature-file.js';
import { temporaryFolder } from '../../helpers/backups.js';

/** Against Debian's minisign: it reads what we write, and we read what it writes. */

const { folder, remove } = temporaryFolder();
afterAll(() => remove());

const NAME = 'minio_backup_full_20240115_020000.json';
const CONTENT = Buffer.from('{"format": 1}\n');
const TIME = new Date('2024-01-15T02:00:05.900Z');

function minisign(...args: string[]): string {
  return execFileSync('minisign', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
}

function inFolder(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

const ours = newSigningKey();
const signature = signFile(CONTENT, { fileName: NAME, time: TIME }, ours);

/** A key that minisign made without a password. */
const THEIRS = 'theirs.key';
minisign('-G', '-W', '-s', THEIRS, '-p', 'theirs.pub');
const theirPublicText = readFileSync(join(folder, 'theirs.pub'), 'utf8');
const [theirPublic] = parsePublicKeys(theirPublicText, 'theirs.pub') as [PublicKey];

function check(file: Buffer | string, signers = [ours.publicKey], fileName = NAME) {
  return checkSignature(Buffer.from(file), { content: CONTENT, fileName }, signers);
}

describe('with minisign itself', () => {
  it('it accepts our signatures and public keys', () => {
    inFolder(NAME, CONTENT);
    inFolder(`${NAME}.minisig`, signature);
    inFolder('ours.pub', encodePublicKey(ours.publicKey));
    const shown = minisign('-V', '-p', 'ours.pub', '-m', NAME);
    expect(shown).toContain('Signature and comment signature verified');
    expect(shown).toContain(`Trusted comment: timestamp:1705284005\tfile:${NAME}\thashed`);
    expect(minisign('-V', '-P', publicKeyText(ours.publicKey), '-m', NAME)).toContain('verified');
    inFolder(NAME, `${CONTENT.toString()} `);
    expect(() => minisign('-V', '-p', 'ours.pub', '-m', NAME)).toThrow('Signature verification');
  });

  it.each([
    ['prehashed', []],
    ['in the way of before 0.11', ['-l']],
  ])('we accept its signatures, %s, with its keys and with ours', (_, flags) => {
    inFolder(NAME, CONTENT);
    minisign('-S', ...flags, '-s', THEIRS, '-m', NAME);
    const theirSignature = readFileSync(join(folder, `${NAME}.minisig`));
    const signers = [ours.publicKey, theirPublic];
    expect(check(theirSignature, signers)).toEqual({
      signedBy: keyIdText(theirPublic.id),
    });
    expect(check(theirSignature)).toMatchObject({ fault: 'signer_unknown' });
    inFolder('ours.key', encodeSigningKey(ours));
    minisign('-S', ...flags, '-s', 'ours.key', '-m', NAME);
    expect(check(readFileSync(join(folder, `${NAME}.minisig`)))).toHaveProperty('signedBy');
  });

  it('we sign with its secret keys', () => {
    const theirs = parseSigningKey(readFileSync(join(folder, THEIRS), 'utf8'), THEIRS);
    inFolder(NAME, CONTENT);
    inFolder(`${NAME}.minisig`, signFile(CONTENT, { fileName: NAME, time: TIME }, theirs));
    expect(minisign('-V', '-p', 'theirs.pub', '-m', NAME)).toContain('verified');
    expect(publicKeyText(theirs.publicKey)).toBe(publicKeyText(theirPublic));
  });
});

describe('a signature', () => {
  const [untrusted = '', first = '', trusted = '', second = ''] = signature.split('\n');
  const joined = (...lines: string[]) => `${lines.join('\n')}\n`;
  const other = signFile(CONTENT, { fileName: NAME, time: TIME }, newSigningKey());
  /** Another key with the id of ours. */
  const impostor = { ...newSigningKey() };
  const forged = signFile(
    CONTENT,
    { fileName: NAME, time: TIME },
    { ...impostor, publicKey: { ...impostor.publicKey, id: ours.publicKey.id } },
  );
  const changed = trusted.replace('1705284005', '1705284006');
  const bytes = Buffer.from(first, 'base64');

  it.each<[string, string, Buffer | string, RegExp?]>([
    ['is empty', 'signature_unreadable', ''],
    ['is cut off in a line', 'signature_unreadable', signature.slice(0, 120)],
    ['is cut off after a line', 'signature_unreadable', joined(untrusted, first), /cut off/],
    ['lacks its last lines', 'signature_unreadable', joined(untrusted, first, trusted), /cut off/],
    ['is two', 'signature_unreadable', signature + signature, /more than one/],
    ['is two, of two signers', 'signature_unreadable', other + signature, /more than one/],
    ['has something behind it', 'signature_unreadable', `${signature}x`, /more than one/],
    ['is binary', 'signature_unreadable', Buffer.alloc(300, 0xff)],
    ['has no comment', 'signature_unreadable', joined(first, trusted, second)],
    ['is of age', 'signature_unreadable', 'age-encryption.org/v1\n'],
    [
      'is of a kind to come',
      'signature_unreadable',
      signature.replace(first, `QQ${first.slice(2)}`),
    ],
    ['is not canonical base64', 'signature_unreadable', signature.replace(first, ` ${first}`)],
    ['is of another key', 'signer_unknown', other, /only [0-9A-F]{16} is trusted/],
    ['pretends the id of the key', 'signature_wrong', forged],
    [
      'has a flipped bit',
      'signature_wrong',
      signature.replace(
        first,
        Buffer.from(bytes.map((byte, at) => (at === 40 ? byte ^ 1 : byte))).toString('base64'),
      ),
    ],
    ['has a changed comment', 'signature_comment', signature.replace(trusted, changed)],
    [
      'has the comment of another',
      'signature_comment',
      joined(untrusted, first, trusted, other.split('\n')[3] ?? ''),
    ],
  ])('that %s: %s', (_, fault, file, message = /minisig|signed/) => {
    expect(check(file)).toMatchObject({ fault });
    expect(check(file)).toHaveProperty('message', expect.stringMatching(message));
  });

  it('is that of its file name alone', () => {
    expect(check(signature, undefined, 'other.json')).toEqual({
      fault: 'signature_of_other',
      message: `the signature in other.json.minisig is that of "${NAME}"`,
    });
  });

  it('by minisign with a comment that names no file, or two, is no signature of a backup', () => {
    inFolder(NAME, CONTENT);
    for (const comment of ['hello', `file:${NAME}\tfile:other.json`]) {
      minisign('-S', '-s', THEIRS, '-m', NAME, '-t', comment);
      const file = readFileSync(join(folder, `${NAME}.minisig`));
      expect(check(file, [theirPublic])).toMatchObject({ fault: 'signature_of_other' });
    }
  });

  it('of changed content is wrong', () => {
    const content = Buffer.from('{"format": 2}\n');
    const checked = checkSignature(Buffer.from(signature), { content, fileName: NAME }, [
      ours.publicKey,
    ]);
    expect(checked).toMatchObject({ fault: 'signature_wrong' });
  });

  it('may have the line ends of Windows, as for minisign', () => {
    expect(check(signature.replaceAll('\n', '\r\n'))).toHaveProperty('signedBy');
  });
});

describe('keys', () => {
  const text = encodeSigningKey(ours);
  const line = text.split('\n')[1] ?? '';
  const secretOf = (change: (bytes: Buffer) => void) => {
    const bytes = Buffer.from(line, 'base64');
    change(bytes);
    return `untrusted comment: x\n${bytes.toString('base64')}\n`;
  };

  it('round trip', () => {
    expect(publicKeyText(parseSigningKey(text, 'f').publicKey)).toBe(publicKeyText(ours.publicKey));
    const [read] = parsePublicKeys(encodePublicKey(ours.publicKey), 'f');
    expect(publicKeyText(read!)).toBe(publicKeyText(ours.publicKey));
    const both = `${encodePublicKey(ours.publicKey)}${theirPublicText}# note\n`;
    expect(parsePublicKeys(both, 'f')).toHaveLength(2);
  });

  it.each<[string, string, RegExp]>([
    ['nothing', '', /not a secret key/],
    ['a public key', encodePublicKey(ours.publicKey), /public key/],
    ['a password', secretOf((bytes) => bytes.write('Sc', 2, 'latin1')), /password/],
    ['another derivation', secretOf((bytes) => bytes.write('Zz', 2, 'latin1')), /not known/],
    ['a flipped bit in the key', secretOf((bytes) => (bytes[70]! ^= 1)), /damaged/],
    ['a flipped bit in the id', secretOf((bytes) => (bytes[55]! ^= 1)), /damaged/],
    [
      'a flipped bit, and no checksum',
      secretOf((bytes) => (bytes.fill(0, 126), (bytes[70]! ^= 1))),
      /damaged/,
    ],
    ['half a key', `untrusted comment: x\n${line.slice(0, 100)}\n`, /not a secret key/],
    ['two keys', `${line}\n${line}\n`, /not a secret key/],
  ])('a secret key with %s is refused, and not shown', (_, file, message) => {
    const error = failureOf(() => parseSigningKey(file, 'the.key'));
    expect(error.message).toMatch(message);
    expect(`${error.message} ${error.hint}`).not.toContain(line.slice(80, 100));
  });

  it.each<[string, string, RegExp]>([
    ['nothing', '', /no public key/],
    ['only comments', 'untrusted comment: x\n# y\n', /no public key/],
    ['a secret key', text, /secret key where a public one/],
    ['an age recipient', 'age1qqqq', /not a public key/],
    ['a cut key', publicKeyText(ours.publicKey).slice(0, 50), /not a public key/],
    ['too many keys', `${publicKeyText(ours.publicKey)}\n`.repeat(65), /at most 64/],
  ])('a public key with %s is refused', (_, file, message) => {
    expect(failureOf(() => parsePublicKeys(file, 'the.pub')).message).toMatch(message);
  });
});

function failureOf(work: () => unknown) {
  try {
    work();
  } catch (error) {
    if (isMangamotionError(error, 'configuration')) return error;
    throw error;
  }
  throw new Error('it was accepted');
}
