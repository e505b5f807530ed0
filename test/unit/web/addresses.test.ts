import { describe, expect, it } from 'vitest';
import {
  addressOf,
  addressText,
  documentPaths,
  PAGES,
} from '../../../src/web/routing/addresses.js';

describe('addresses', () => {
  it('lead to their pages', () => {
    for (const { id, path } of PAGES) expect(addressOf(path)?.page.id).toBe(id);
    expect(addressOf('/')?.page.id).toBe('jobs');
    expect(addressOf('/jobs/')).toMatchObject({ page: { id: 'jobs' }, item: undefined });
  });

  it('name a job, whatever its id is', () => {
    for (const id of ['18627', 'a/b', 'ä ö', '%', '..', 'x?y#z']) {
      const path = `/jobs/${encodeURIComponent(id)}`;
      expect(addressOf(path)).toMatchObject({ page: { id: 'jobs' }, item: id });
    }
  });

  it('lead nowhere where there is no page', () => {
    for (const path of ['/nothing', '/billing/x', '/jobs/%E0%A4%A', '/api/jobs', '/Jobs'])
      expect(addressOf(path)).toBeUndefined();
  });

  it('are served for every page', () => {
    expect(documentPaths).toEqual(expect.arrayContaining(PAGES.map(({ path }) => path)));
  });

  it('leave out empty parameters', () => {
    expect(addressText('/jobs', { status: 'failed', user: '', q: undefined })).toBe(
      '/jobs?status=failed',
    );
    expect(addressText('/jobs', { q: 'a&b' })).toBe('/jobs?q=a%26b');
    expect(addressText('/jobs')).toBe('/jobs');
  });
});
