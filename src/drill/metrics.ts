import { Gauge, Registry } from 'prom-client';
import { SCENARIOS } from './objectives.js';
import type { DrillRecord } from './records.js';
import { VERDICTS, type Verdict } from './result.js';

const PREFIX = 'mangamotion_drill_';
const LABELS = ['scenario'] as const;

/**
 * Resolves to the metrics of the last drill of each scenario, in the text format of Prometheus;
 * `''` without any. The latest record comes first.
 */
export async function drillMetrics(records: readonly DrillRecord[]): Promise<string> {
  if (records.length === 0) return '';
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string) =>
    new Gauge({ name: PREFIX + name, help, labelNames: LABELS, registers });
  const rto = gauge(
    'rto_seconds',
    'How long the last drill took to recover; absent where it did not recover.',
  );
  const rpo = gauge('rpo_seconds', 'How old the newest usable backup was at the last drill.');
  const last = gauge(
    'last_success_timestamp_seconds',
    'When the last drill ended that met its objectives, since the epoch.',
  );
  const verdict = new Gauge({
    name: `${PREFIX}verdict`,
    help: 'The verdict of the last drill: 1 for the one that it has, 0 for the others.',
    labelNames: ['scenario', 'verdict'] as const,
    registers,
  });
  for (const scenario of SCENARIOS) {
    const own = records.filter((record) => record.scenario === scenario);
    const [newest] = own;
    if (newest === undefined) continue;
    if (newest.rto_seconds !== null) rto.set({ scenario }, newest.rto_seconds);
    if (newest.rpo_seconds !== null) rpo.set({ scenario }, newest.rpo_seconds);
    const met = own.find((record) => record.verdict === 'met');
    if (met !== undefined) last.set({ scenario }, Date.parse(met.at) / 1000);
    for (const one of VERDICTS satisfies readonly Verdict[]) {
      verdict.set({ scenario, verdict: one }, newest.verdict === one ? 1 : 0);
    }
  }
  return await registry.metrics();
}
