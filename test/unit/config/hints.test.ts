import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { BACKUP_STORE_HINTS, SOURCE_STORE_HINTS } from '../../../src/config/hints.js';
import { VARIABLE_NAMES } from '../../../src/config/settings.js';
import { PLAIN_HINTS } from '../../../src/object-store/hint-kinds.js';

const src = fileURLToPath(new URL('../../../src', import.meta.url));

/** Lines that backup-minio.sh had in a crontab are data of the import, not a hint. */
const EXEMPT = ['schedule/crontab/import.ts'];

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !/^(?:config|cli)\//.test(file) && !EXEMPT.includes(file),
);

const withoutComments = (text: string) => text.replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '');

it('no file outside of config and cli names an environment variable', () => {
  expect(files.length).toBeGreaterThan(200);
  const named = new RegExp(`\\b(?:${VARIABLE_NAMES.join('|')})\\b`);
  // A prefix such as MINIO_ in a text would be matched against hints; identifiers have no quote.
  const prefix = /['"`](?:MINIO|BACKUP|BACKUP_S3|REDIS|S3|BILLING)_['"`]/;
  const found = files.filter((file) => {
    const code = withoutComments(readFileSync(`${src}/${file}`, 'utf8'));
    return named.test(code) || prefix.test(code);
  });
  expect(found).toEqual([]);
});

describe('the hints of a store', () => {
  it.each(Object.keys(PLAIN_HINTS) as (keyof typeof PLAIN_HINTS)[])(
    'name the settings of the store that is meant: %s',
    (kind) => {
      expect(SOURCE_STORE_HINTS[kind]).toContain('MINIO_');
      expect(BACKUP_STORE_HINTS[kind]).toContain('BACKUP_S3_');
      expect(BACKUP_STORE_HINTS[kind]).not.toContain('MINIO_');
      expect(PLAIN_HINTS[kind]).not.toMatch(/[A-Z]_[A-Z]/);
    },
  );
});
