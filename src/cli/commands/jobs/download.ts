import { MangamotionError } from '../../../errors.js';
import { defineCommand } from '../../argv/command.js';
import { type OptionValues } from '../../argv/option-specs.js';
import { parseDuration } from '../../values/duration.js';
import { JOB_ARGUMENT } from '../billing/shared-options.js';
import { ANY_BUCKET_OPTION, QUEUE_OPTIONS } from './shared-options.js';

const MOST_EXPIRES_MS = 7 * 86_400_000;

const options = {
  output: {
    short: 'o',
    value: 'path',
    description: 'the file or folder to save to; - is stdout (default: the current folder)',
    parse: readOutput,
    complete: 'file',
  },
  url: { description: 'print a URL instead, which lets anyone download the result' },
  expires: {
    value: 'duration',
    description: 'how long the URL works, at most 7d (default: 1h)',
    parse: readExpires,
  },
  force: { description: 'overwrite an existing file' },
  anyBucket: ANY_BUCKET_OPTION,
  ...QUEUE_OPTIONS,
} as const;

export const jobsDownload = defineCommand({
  description:
    'Save the results of completed jobs to files named after their ids. An interrupted download ' +
    'resumes where it stopped. With --url, the command prints a presigned URL instead.',
  arguments: { job: { ...JOB_ARGUMENT, description: 'the ids of the jobs', repeatable: true } },
  options,
  changes: 'nothing',
  usesStore: true,
  printsRows: false,
  endsWith: ['partial', 'not_found', 'damaged', 'unreachable', 'locked', 'refused'],
  examples: {
    'mangamotion jobs download 4711': 'save 4711-result.zip in the current folder',
    'mangamotion jobs download 4711 4712 -o results/': 'save to a folder',
    "mangamotion jobs download 4711 --url --expires 1d --json | jq -r '.download_url'":
      'print a URL that works for a day',
  },
  async run(context, { job }, chosen) {
    const jobIds = [...new Set(job)];
    refuseTogether(jobIds, chosen, context.output.forPeople);
    if (chosen.url) {
      const { printUrls } = await import('./download-urls.js');
      return await printUrls(context, jobIds, chosen);
    }
    if (chosen.output === '-') {
      const { writeResult } = await import('./download-stdout.js');
      await writeResult(context, jobIds[0] ?? '', chosen);
      return undefined;
    }
    const { saveResults } = await import('./download-files.js');
    return await saveResults(context, jobIds, chosen);
  },
});

/** The API gives no longer ones; S3 neither. */
function readExpires(text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs <= MOST_EXPIRES_MS) return durationMs;
  throw new MangamotionError('usage', 'must be at most 7d');
}

function readOutput(text: string): string {
  if (text !== '') return text;
  throw new MangamotionError('usage', 'must not be empty');
}

function refuseTogether(
  jobIds: readonly string[],
  { url, output, expires, force }: OptionValues<typeof options>,
  forPeople: boolean,
): void {
  const problem =
    url && (output !== undefined || force)
      ? '--url saves no file: omit -o and --force'
      : !url && expires !== undefined
        ? '--expires needs --url'
        : output === '-' && jobIds.length > 1
          ? '-o - accepts only one job'
          : output === '-' && !forPeople
            ? '-o - and --json cannot be combined: stdout carries the result'
            : undefined;
  if (problem !== undefined) throw new MangamotionError('usage', problem);
}
