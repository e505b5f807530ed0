import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.js';
import { parseJobPaths, parsePingUrl } from '../../../src/config/settings.js';
import { Secret } from '../../../src/config/secret.js';

describe('paths of job files', () => {
  it('are separated by commas, blanks around them do not count, and none counts twice', () => {
    expect(parseJobPaths(' processed/{job}/result.zip, out/x/{job}.zip,out/x/{job}.zip')).toEqual([
      'processed/{job}/result.zip',
      'out/x/{job}.zip',
    ]);
  });

  it.each([
    ['', /must be paths such as processed\/\{job\}\/result\.zip, with commas between them/],
    ['processed/{job}/a.zip,', /must be paths such as/],
    ['/processed/{job}/a.zip', /must be paths such as/],
    ['{job}', /must be paths such as/],
    ['processed/{job}/', /must be paths such as/],
    ['processed/result.zip', /must have \{job\} in each path/],
    ['{job}/result.zip', /must have \{job\} in each path, behind the first slash/],
    ['processed/{job}/{user}.zip', /no placeholder but \{job\}, and there is \{user\}/],
    ['processed/{job}/{job.zip', /no placeholder but \{job\}/],
  ])('%j is wrong', (text, problem) => {
    expect(parseJobPaths(text)).toMatch(problem);
  });
});

function load(PING_URL: string) {
  const absent = { envFile: undefined, configFile: undefined, flags: {} };
  return loadConfig({ environment: { PING_URL }, cwd: '/nonexistent', ...absent });
}

describe('the URL of pings', () => {
  it.each([
    'https://hc-ping.com/5f2c0f4e-5c1d-4f5e-9d2e-000000000000',
    'HTTP://127.0.0.1:8000/ping/key/mangamotion-{name}',
    'https://{name}.example.com/ping?create=1&tag={name}',
    'https://user:password@[::1]:8000/ping',
  ])('%s', (text) => {
    const parsed = parsePingUrl(text);
    expect(parsed).toBeInstanceOf(Secret);
    expect((parsed as Secret).reveal()).toBe(text);
  });

  it.each([
    ['hc-ping.com/5f2c', 'must be a URL that begins with http:// or https://'],
    ['ftp://hc-ping.com/5f2c', 'must be a URL that begins with http:// or https://'],
    ['https://', 'must be a URL, without spaces'],
    ['https://hc-ping.com/a b', 'must be a URL, without spaces'],
    ['https://hc-ping.com:99999/', 'must be a URL, without spaces'],
    ['https://hc-ping.com/{entry}', 'must have no placeholder but {name}'],
    ['https://hc-ping.com/{name', 'must have no placeholder but {name}'],
    ['https://hc-ping.com/5f2c#x', 'must have # in it only as %23'],
  ])('is not %s', (text, problem) => {
    expect(parsePingUrl(text)).toBe(problem);
  });

  it('is a secret of the configuration, also where it is wrong', async () => {
    const { config, secrets } = await load('https://hc-ping.com/5f2c0f4e');
    expect(config.schedule.pingUrl?.reveal()).toBe('https://hc-ping.com/5f2c0f4e');
    expect(JSON.stringify(config.schedule)).not.toContain('5f2c0f4e');
    expect(secrets).toContain('https://hc-ping.com/5f2c0f4e');
    const error: unknown = await load('hc-ping.com/5f2c0f4e').catch((thrown: unknown) => thrown);
    expect(String(error)).toContain('PING_URL (environment): must be a URL that begins with');
    expect(String(error)).not.toContain('5f2c0f4e');
  });

  it('is asked for by nobody where it is unset', async () => {
    expect((await load('')).config.schedule.pingUrl).toBeUndefined();
  });
});
