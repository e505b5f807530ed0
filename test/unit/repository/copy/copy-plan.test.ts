import { describe, expect, it } from 'vitest';
import { type CopyEnds, planCopies } from '../../../../src/repository/copy/copy-plan.js';
import { backupEntry, unreadableBackup, type Made } from '../../../helpers/summaries.js';

let hour = 0;
const made = (more: Partial<Made> = {}, as: Parameters<typeof backupEntry>[1] = {}) => {
  hour += 1;
  const at = new Date(Date.UTC(2026, 0, 1, hour)).toISOString();
  return backupEntry({ at, sequence: hour, ...more }, as);
};
const plan = (chosen: readonly string[], ends: Partial<CopyEnds>) =>
  planCopies(chosen, {
    ...{
      source: [],
      target: [],
      ...{ targetNames: new Map<string, number>(), sourceNames: new Map() },
      holdsFolders: true,
      ...ends,
    },
  });

describe('the plan of a copy', () => {
  it('holds what the chosen refer to, each after what it needs, and why', () => {
    const full = made();
    const other = made();
    // A forged sequence number cannot put a reference behind the backup that needs it.
    const late = made({ sequence: 99 });
    const middle = made({ type: 'incremental', references: [full.id, late.id] });
    const last = made({ type: 'incremental', references: [full.id, middle.id] });
    const source = [full, other, middle, last, late];
    const planned = plan([last.id], { source });
    expect(planned.map(({ id }) => id)).toEqual([full.id, late.id, middle.id, last.id]);
    expect(planned.map(({ why }) => why.slice(0, 6))).toEqual([
      ...['needed', 'needed', 'needed', 'chosen'],
    ]);
    expect(planned.every(({ task, obstacle }) => task === 'copy' && obstacle === undefined)).toBe(
      true,
    );
  });

  it('ends where backups refer to each other in a circle', () => {
    const [a, b] = [made(), made()];
    if (a.summary.kind === 'valid') a.summary.summary.references = [b.id];
    if (b.summary.kind === 'valid') b.summary.summary.references = [a.id];
    expect(plan([a.id], { source: [a, b] })).toHaveLength(2);
  });

  it('tells what is there, what is not whole there, and what is another backup', () => {
    const [same, short, gone, other] = [made(), made(), made(), made()];
    const target = [
      ...[same, { ...short, archiveBytes: 7 }, { ...gone, archiveBytes: null }],
      { ...other, summary: made().summary },
      unreadableBackup('2026-03-01T00:00:00.000Z'),
    ];
    const lost = made({ at: '2026-03-01T00:00:00.000Z', type: 'incremental' });
    const source = [same, short, gone, other, lost];
    const planned = plan(
      source.map(({ id }) => id),
      { source, target },
    );
    const by = new Map(planned.map((one) => [one.id, one]));
    expect(by.get(same.id)).toMatchObject({ task: 'present', obstacle: undefined });
    expect(by.get(short.id)).toMatchObject({ task: 'repair', obstacle: undefined });
    expect(by.get(gone.id)).toMatchObject({ task: 'repair', obstacle: undefined });
    expect(by.get(other.id)?.obstacle).toMatchObject({ code: 'refused' });
    expect(by.get(lost.id)?.obstacle).toMatchObject({ code: 'refused' });
  });

  it('leaves an archive without a summary alone, unless an interrupted run left it', () => {
    const one = made();
    const names = (...all: string[]) => ({
      source: [one],
      targetNames: new Map(all.map((name) => [name, 1])),
    });
    const stranger = plan([one.id], names(`${one.id}.tar.gz`));
    expect(stranger[0]?.obstacle).toMatchObject({ code: 'refused' });
    expect(plan([one.id], names(one.id))[0]?.obstacle).toMatchObject({ code: 'refused' });
    const ours = plan([one.id], names(`${one.id}.tar.gz`, `${one.id}.json.partial`));
    expect(ours[0]?.obstacle).toBeUndefined();
    expect(plan([one.id], names(`${one.id}.tar.gz.partial`))[0]?.obstacle).toBeUndefined();
  });

  it.each([
    ['damaged', made({}, { archiveBytes: null })],
    ['damaged', made({}, { archiveBytes: 99 })],
    ['refused', made({}, { cold: true })],
    ['refused', made({}, { summary: { kind: 'newer', version: 9 } })],
    ['damaged', unreadableBackup('2026-04-01T00:00:00.000Z')],
  ])('refuses what the source cannot give: %s', (code, one) => {
    expect(plan([one.id], { source: [one] })[0]?.obstacle).toMatchObject({ code });
  });

  it('believes no summary that names files of another backup, or elsewhere', () => {
    for (const file of ['../../etc/passwd', `${made().id}.tar.gz`, '']) {
      const one = made();
      if (one.summary.kind === 'valid') one.summary.summary.archive.file = file;
      for (const target of [[], [one]]) {
        const planned = plan([one.id], { source: [one], target });
        expect(planned[0]?.obstacle).toMatchObject({ code: 'damaged' });
      }
    }
    const other = { ...made(), id: made().id };
    expect(plan([other.id], { source: [other] })[0]?.obstacle).toMatchObject({ code: 'damaged' });
  });

  it('does not mind what is wrong with the source of what is there already', () => {
    const one = made();
    const planned = plan([one.id], { source: [{ ...one, cold: true }], target: [one] });
    expect(planned).toMatchObject([{ task: 'present', obstacle: undefined }]);
  });

  it('names a reference that the source does not have', () => {
    const one = made({ references: ['minio_backup_full_20200101_000000'] });
    const planned = plan([one.id], { source: [one] });
    expect(planned[0]).toMatchObject({ obstacle: { code: 'not_found' } });
    expect(planned).toHaveLength(2);
  });

  it('refuses a plain folder where the target holds none', () => {
    const one = made();
    if (one.summary.kind === 'valid') one.summary.summary.archive.file = one.id;
    const ends = { source: [one] };
    expect(plan([one.id], ends)[0]?.obstacle).toBeUndefined();
    const planned = plan([one.id], { ...ends, holdsFolders: false });
    expect(planned[0]?.obstacle).toMatchObject({ code: 'refused' });
  });

  it('takes a suspect along without which a backup would pass for trusted', () => {
    const first = made();
    const suspect = made({ status: 'suspect' });
    const after = made({ guard: { compared_with: null, by: 'nothing', accepted: false } });
    const source = [first, suspect, after];
    const planned = plan([first.id, after.id], { source });
    expect(planned.map(({ id }) => id)).toEqual([first.id, suspect.id, after.id]);
    expect(planned[1]?.why).toContain('not trusted');
    expect(plan([first.id, after.id], { source, target: source })).toHaveLength(2);
  });
});
