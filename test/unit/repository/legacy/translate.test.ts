import { describe, expect, it } from 'vitest';
import { translateDocument } from '../../../../src/repository/legacy/translate.js';

type Kind = Parameters<typeof translateDocument>[0];

/** The text of the document; `none`, or why there is none. */
function read(kind: Kind, text: string): string {
  const document = translateDocument(kind, text);
  if (document.state === 'translated') return document.content.toString();
  return document.state === 'none' ? 'none' : `unusable: ${document.reason}`;
}

const S3 = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
const KINDS: Kind[] = ['policy', 'lifecycle', 'versioning', 'tagging'];

describe('what is no document', () => {
  it.each(KINDS)('says so of a %s that is an empty file, blank or an error', (kind) => {
    for (const text of ['', ' \n', '\uFEFF']) expect(read(kind, text)).toContain('file is empty');
    const error = 'mc: <ERROR> Unable to get it. Access Denied.';
    expect(read(kind, error)).toMatch(/^unusable: .*Access Denied/);
    expect(read(kind, '{"status":"error","error":{"message":"no"}}')).toContain('it is an error');
    expect(read(kind, '[1]')).toMatch(/^unusable/);
    expect(read(kind, 'null')).toMatch(/^unusable/);
  });

  it('shows the beginning of a long one, in a form that a terminal does not obey', () => {
    const reason = read('policy', `\u001b[2J${'x'.repeat(10_000)}`);
    expect(reason.length).toBeLessThan(200);
    expect(reason).not.toContain('\u001b');
  });
});

describe('a policy', () => {
  const policy = '{ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow" }] }';

  it('stays as it was printed', () => {
    expect(read('policy', `${policy}\n`)).toBe(policy);
  });

  it('is taken out of the answer that --json gives', () => {
    const answer = `{"status":"success","permission":"custom","policy":${policy}}`;
    expect(JSON.parse(read('policy', answer))).toEqual(JSON.parse(policy));
  });

  it('is none where the bucket was private', () => {
    for (const text of [
      '{}',
      '{"Version":"2012-10-17","Statement":[]}',
      '{"status":"success","permission":"private"}',
      'Access permission for `minio/originals` is `private`',
    ]) {
      expect(read('policy', text)).toBe('none');
    }
  });

  it('is not made of the name of a permission', () => {
    expect(read('policy', 'Access permission for `minio/b` is `download`')).toMatch(/^unusable/);
    expect(read('policy', '{"status":"success","permission":"download"}')).toMatch(/^unusable/);
  });
});

describe('a lifecycle', () => {
  const wrap = (rule: string) =>
    `<LifecycleConfiguration ${S3}><Rule>${rule}</Rule></LifecycleConfiguration>`;
  const rules = (...list: object[]) => JSON.stringify({ Rules: list });

  it('keeps each condition of a rule', () => {
    const rule = {
      Expiration: { Days: 30 },
      ID: 'a<b',
      Filter: {
        And: {
          Prefix: 'tmp/',
          Tags: [
            { Key: 'a', Value: '1' },
            { Key: 'b', Value: '2' },
          ],
          ObjectSizeGreaterThan: 5,
        },
      },
      NoncurrentVersionExpiration: { NoncurrentDays: 7, NewerNoncurrentVersions: 2 },
      Status: 'Enabled',
    };
    expect(read('lifecycle', rules(rule))).toBe(
      wrap(
        '<ID>a&#60;b</ID><Status>Enabled</Status><Filter><And><Prefix>tmp/</Prefix>' +
          '<Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>b</Key><Value>2</Value></Tag>' +
          '<ObjectSizeGreaterThan>5</ObjectSizeGreaterThan></And></Filter>' +
          '<Expiration><Days>30</Days></Expiration><NoncurrentVersionExpiration>' +
          '<NoncurrentDays>7</NoncurrentDays><NewerNoncurrentVersions>2</NewerNoncurrentVersions>' +
          '</NoncurrentVersionExpiration>',
      ),
    );
  });

  it('is found in the answer that --json gives', () => {
    const rule = { ID: 'x', Status: 'Enabled', Prefix: 'a/', Expiration: { Days: 1 } };
    const answer = JSON.stringify({ status: 'success', config: { Rules: [rule] } });
    expect(read('lifecycle', answer)).toBe(
      wrap(
        '<ID>x</ID><Status>Enabled</Status><Prefix>a/</Prefix><Expiration><Days>1</Days></Expiration>',
      ),
    );
  });

  it('has an empty filter where a rule is for all objects, and one only', () => {
    const all = wrap(
      '<Status>Enabled</Status><Expiration><Days>1</Days></Expiration><Filter><Prefix></Prefix></Filter>',
    );
    const rule = { Status: 'Enabled', Expiration: { Days: 1 } };
    expect(read('lifecycle', rules(rule))).toBe(all);
    expect(read('lifecycle', rules({ ...rule, Prefix: '' }))).toBe(all);
    expect(read('lifecycle', rules({ ...rule, Filter: { And: {}, Tag: {} } }))).toBe(all);
    const given = read('lifecycle', rules({ ...rule, Prefix: '', Filter: { Prefix: '' } }));
    expect(given.match(/<Prefix>/g)).toHaveLength(1);
  });

  it('is refused whole where a condition is not known: the rest would delete more', () => {
    const rule = { Status: 'Enabled', Expiration: { Days: 1 } };
    const unknown = { ...rule, Filter: { And: { Prefix: 'a', Owner: 'me' } } };
    expect(read('lifecycle', rules(rule, unknown))).toContain('a rule has Filter.And.Owner');
    expect(read('lifecycle', rules({ ...rule, Filter: 'tmp/' }))).toContain('a rule has Filter');
    expect(read('lifecycle', rules({ ...rule, Status: ['a', 'b'] }))).toContain('has Status');
    expect(read('lifecycle', '{"Rules":[7]}')).toContain('not an object');
    expect(read('lifecycle', '{"Rules":7}')).toMatch(/^unusable/);
  });

  it('is none where there are no rules', () => {
    for (const text of ['{}', '{"Rules":[]}']) expect(read('lifecycle', text)).toBe('none');
  });
});

describe('versioning', () => {
  const enabled = `<VersioningConfiguration ${S3}><Status>Enabled</Status></VersioningConfiguration>`;

  it('is read from text and from both forms of JSON', () => {
    expect(read('versioning', 'minio/originals versioning is enabled\n')).toBe(enabled);
    const answer = '{"Op":"info","status":"success","versioning":{"status":"Enabled"}}';
    expect(read('versioning', answer)).toBe(enabled);
    expect(read('versioning', '{"Status":"Enabled"}')).toBe(enabled);
    expect(read('versioning', 'b versioning is suspended')).toContain('<Status>Suspended<');
  });

  it('is none where the bucket never had versions', () => {
    const answer = '{"Op":"info","status":"success","versioning":{"status":"","MFADelete":""}}';
    for (const text of ['minio/b is un-versioned', answer, '{}']) {
      expect(read('versioning', text)).toBe('none');
    }
  });

  it('does not drop the folders that are left out of it', () => {
    const answer = '{"versioning":{"status":"Enabled","ExcludedPrefixes":["tmp/"]}}';
    expect(read('versioning', answer)).toMatch(/^unusable/);
    expect(read('versioning', '{"status":"success"}')).toMatch(/^unusable/);
  });
});

describe('tags', () => {
  const tags = (...pairs: [string, string][]) =>
    `<Tagging ${S3}><TagSet>${pairs.map(([key, value]) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`).join('')}</TagSet></Tagging>`;

  it('are told from their keys by the column of the colon', () => {
    const text = [
      'Name      : minio/originals',
      'a : b     : c : d',
      'team      : render & co',
      'empty     : ',
    ].join('\n');
    expect(read('tagging', text)).toBe(
      tags(['a : b', 'c : d'], ['team', 'render &#38; co'], ['empty', '']),
    );
  });

  it('have a column that is counted in bytes', () => {
    const text = 'Name    : minio/b\nköln   : dom\nteam    : x\r\n';
    expect(read('tagging', text)).toBe(tags(['köln', 'dom'], ['team', 'x']));
  });

  it('are read from JSON', () => {
    const text = '{"tagset":{"team":"render"},"status":"success","url":"minio/b","versionID":""}';
    expect(read('tagging', text)).toBe(tags(['team', 'render']));
  });

  it('are none where it says so', () => {
    for (const text of [
      'Name : minio/b\nNo tags found',
      'Name : minio/b',
      '{"status":"success","url":"minio/b"}',
    ]) {
      expect(read('tagging', text)).toBe('none');
    }
  });

  it('are not guessed from lines of another form', () => {
    for (const text of [
      'Name : minio/b\nteam=render',
      'team: render',
      'Name : x\n     : y',
      '{"tagset":{"a":1}}',
      '{"tags":{}}',
    ]) {
      expect(read('tagging', text)).toMatch(/^unusable/);
    }
  });
});
