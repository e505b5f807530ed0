import { arch, platform, release } from 'node:os';
import type { CheckedSettings, ShownSetting } from '../../config/inspect.js';
import { messageOf } from '../../errors.js';
import { readRuns } from '../../reports/schedule/history.js';
import { readLogEnd } from '../../schedule/run/read-log.js';
import type { DoctorReport } from '../report.js';
import type { Scrub } from './scrub.js';

/** All limits of a bundle: it is made in memory, and has some 3 MB at most before it is compressed. */
const BUNDLE_LIMITS = { records: 1000, logs: 30, bytesOfLog: 64 * 1024 } as const;

export interface BundleFile {
  path: string;
  text: string;
}

export interface BundleParts {
  report: DoctorReport;
  settings: { settings: readonly ShownSetting[]; findings: CheckedSettings['findings'] };
  version: string;
  nodeVersion: string;
  /** What the servers say of themselves; `null` where they were not reached. */
  servers: Readonly<Record<string, string | null>>;
  /** The absolute path of the state folder. */
  stateFolder: string;
  now: Date;
  scrub: Scrub;
}

/** What a bug report needs: the checks, settings without secrets, versions, the history and ends of logs. */
export async function bundleFiles(parts: BundleParts): Promise<BundleFile[]> {
  const { report, settings, version, nodeVersion, servers, now, scrub } = parts;
  const json = (value: unknown) => `${JSON.stringify(scrub.document(value), null, 2)}\n`;
  const versions = {
    mangamotion: version,
    node: nodeVersion,
    system: `${platform()} ${release()} ${arch()}`,
    ...servers,
    made_at: now.toISOString(),
  };
  return [
    { path: 'doctor.json', text: json(report) },
    { path: 'settings.json', text: json(settings) },
    { path: 'versions.json', text: json(versions) },
    ...(await scheduleFiles(parts)),
  ];
}

async function scheduleFiles({ stateFolder, scrub }: BundleParts): Promise<BundleFile[]> {
  const runs = await readRuns(stateFolder).catch((error: unknown) => messageOf(error));
  if (typeof runs === 'string') {
    return [{ path: 'history.txt', text: `${scrub.text(runs)}\n` }];
  }
  const records = runs.records.slice(0, BUNDLE_LIMITS.records);
  const lines = records.map((record) => `${JSON.stringify(scrub.document(record))}\n`);
  const files = [{ path: 'history.ndjson', text: lines.join('') }];
  const logs = records.flatMap(({ log_file: file }) => file ?? []).slice(0, BUNDLE_LIMITS.logs);
  for (const [at, file] of [...new Set(logs)].entries()) {
    const text = await endOf(stateFolder, file);
    const name = (file.split('/').at(-1) ?? '').replace(/[^\w.-]/g, '_');
    files.push({
      path: `logs/${String(at + 1).padStart(2, '0')}-${scrub.text(name)}`,
      text: scrub.text(text),
    });
  }
  return files;
}

async function endOf(stateFolder: string, file: string): Promise<string> {
  try {
    const { bytes } = await readLogEnd(stateFolder, file, BUNDLE_LIMITS.bytesOfLog);
    return bytes.toString('utf8');
  } catch (error) {
    return `${messageOf(error)}\n`;
  }
}
