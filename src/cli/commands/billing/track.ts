import type { TrackedEvent } from '../../../billing/event.js';
import { JOB_STATUSES, bytesEvent, completionEvent, computeEvent } from '../../../billing/event.js';
import { MangamotionError } from '../../../errors.js';
import { defineCommand } from '../../argv/command.js';
import type { CommandContext } from '../../argv/command.js';
import { JOB_ARGUMENT, USER_ARGUMENT } from './shared-options.js';

const EVENT_ID_OPTION = {
  value: 'id',
  description: 'count an event with this id only once within 24 hours',
} as const;

const RULES =
  'The counters of the user, the day (UTC) and the job change in one atomic step. With ' +
  'BILLING_ENABLED=false nothing is counted.';

const NOUNS = { bytes: 'bytes', compute: 'compute seconds', job: 'the end' } as const;

const shared = {
  changes: 'always',
  usesStore: false,
  printsRows: false,
  endsWith: ['damaged', 'unreachable'],
} as const;

export const trackBytes = defineCommand({
  ...shared,
  description: `Record bytes that a job of a user processed. ${RULES}`,
  arguments: {
    user: USER_ARGUMENT,
    bytes: { description: 'a whole number of bytes', parse: readBytes },
    job: JOB_ARGUMENT,
  },
  options: { eventId: EVENT_ID_OPTION },
  examples: {
    'mangamotion billing track bytes alice 1073741824 4711 --event-id 4711-pages-1':
      'count a retried step only once',
    'mangamotion billing track bytes alice "$(stat -c %s pages.zip)" 4711':
      'count the size of a file',
  },
  async run(context, { user, bytes, job }, { eventId }) {
    await count(context, bytesEvent(user, bytes, job), eventId);
    return undefined;
  },
});

export const trackCompute = defineCommand({
  ...shared,
  description: `Record compute seconds of a job of a user, to 6 decimal places. ${RULES}`,
  arguments: {
    user: USER_ARGUMENT,
    seconds: { description: 'a decimal number of seconds', parse: readSeconds },
    job: JOB_ARGUMENT,
  },
  options: { eventId: EVENT_ID_OPTION },
  examples: {
    'mangamotion billing track compute alice 12.5 4711 --event-id 4711-render-1':
      'count a retried step only once',
    'mangamotion billing track compute alice "$SECONDS" 4711':
      'count the run time of a bash script',
  },
  async run(context, { user, seconds, job }, { eventId }) {
    await count(context, computeEvent(user, seconds, job), eventId);
    return undefined;
  },
});

export const trackJob = defineCommand({
  ...shared,
  description: `Record the end of a job of a user. ${RULES}`,
  arguments: {
    user: USER_ARGUMENT,
    job: JOB_ARGUMENT,
    status: { description: 'how the job ended', choices: JOB_STATUSES },
  },
  options: {
    metadata: {
      value: 'json',
      description: 'a JSON object to store with the job',
      parse: readMetadata,
    },
    eventId: EVENT_ID_OPTION,
  },
  examples: {
    'mangamotion billing track job alice 4711 completed --event-id 4711-end':
      'count the job once, even if the command is repeated',
    'mangamotion billing track job alice 4711 failed --metadata \'{"pages": 12}\'':
      'store metadata with the job',
  },
  async run(context, { user, job, status }, { metadata, eventId }) {
    const event = completionEvent(user, job, status, metadata ?? {}, context.now());
    await count(context, event, eventId);
    return undefined;
  },
});

async function count(
  context: CommandContext,
  event: TrackedEvent,
  eventId: string | undefined,
): Promise<void> {
  const { billing } = await context.config();
  const { userId, jobId, kind } = event;
  let counted = false;
  if (billing.enabled) {
    const { track } = await import('../../../billing/tracker.js');
    const { retentionDays } = billing;
    const request = { event, eventId, now: context.now(), retentionDays };
    ({ counted } = await track(await context.openRedis(), request));
  }
  const reason = !billing.enabled
    ? 'billing is switched off (BILLING_ENABLED=false)'
    : counted
      ? null
      : `event ${eventId ?? ''} was already counted in the last 24 hours`;
  await context.output.document({
    json: { user_id: userId, job_id: jobId, kind, event_id: eventId ?? null, counted, reason },
    human: (page) => {
      if (counted) page.text(`✓ counted ${NOUNS[kind]} of job ${jobId} for user ${userId}`, 'good');
      else page.text(`– nothing counted: ${reason ?? ''}`, 'muted');
    },
  });
}

function readBytes(text: string): bigint {
  if (/^\d{1,19}$/.test(text)) return BigInt(text);
  throw new MangamotionError('usage', 'must be a whole number of bytes, from 0 to 2^63-1');
}

function readSeconds(text: string): number {
  if (/^\d{1,12}(\.\d{1,20})?$/.test(text)) return Number(text);
  throw new MangamotionError('usage', 'must be a decimal number of seconds, such as 12.5');
}

function readMetadata(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // Told below.
  }
  throw new MangamotionError('usage', 'must be a JSON object');
}
