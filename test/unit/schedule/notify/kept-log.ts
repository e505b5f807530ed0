import type { DaemonLog } from '../../../../src/schedule/log.js';
import type { RunRecord } from '../../../../src/schedule/state/record.js';

interface Told {
  level: keyof DaemonLog;
  fields: object;
  message: string;
}

/** A log that keeps what it is told. */
export function keepingLog(): { log: DaemonLog; told: Told[] } {
  const told: Told[] = [];
  const keep = (level: Told['level']) => (fields: object, message: string) =>
    void told.push({ level, fields, message });
  return { log: { info: keep('info'), warn: keep('warn'), error: keep('error') }, told };
}

export function recordOf(given: Partial<RunRecord> = {}): RunRecord {
  return {
    id: '7c1e4a52-8a44-4c6b-9a51-0d6a3c1c0001',
    name: 'daily',
    due_at: '2026-11-24T02:00:00.000Z',
    started_at: '2026-11-24T02:00:01.000Z',
    finished_at: '2026-11-24T02:03:01.500Z',
    exit_code: 0,
    result: 'run',
    trigger: 'cron',
    reason: null,
    bytes: 1000,
    archive_bytes: 600,
    copied_bytes: 700,
    log_file: 'logs/daily.log',
    count: 1,
    ...given,
  };
}
