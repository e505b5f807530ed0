import { countOf } from '../../output/units.js';
import { defineCommand } from '../../argv/command.js';
import { WRITING_ENDS, destinationArguments, lockOption } from './backup-options.js';

export const backupRetireLine = defineCommand({
  description:
    'Retire a line: the backups of one source and selection of buckets. A retired line raises no ' +
    'more alarms, and prune may remove all of it: only --keep-days or BACKUP_RETENTION_DAYS ' +
    'still protects newer backups. A new backup of the line makes it active again.',
  arguments: {
    ...destinationArguments,
    line: { description: 'the name of the line, as backup list and backup status print it' },
  },
  options: lockOption,
  changes: 'dry-run',
  usesStore: false,
  usesDestination: true,
  printsRows: false,
  endsWith: WRITING_ENDS,
  examples: {
    'mangamotion backup retire-line /var/backups/minio minio.example.com:9000/temp':
      'retire the separate backups of temp',
    'mangamotion backup retire-line /var/backups/minio minio.example.com:9000/temp --dry-run':
      'show how many backups it affects',
  },
  async run(context, { destination: location, line: name }, { waitLock }) {
    const { openDestination } = await import('../../../repository/locate.js');
    const { lineNamed, linesOf } = await import('../../../repository/lines/lines.js');
    const { withLock } = await import('../../../repository/with-lock.js');
    const destination = await openDestination(location, context.cwd, context);
    const find = async () => lineNamed(linesOf(await destination.list()), name);
    const line = context.dryRun
      ? await find()
      : await withLock(
          {
            ...{ destination, command: 'backup retire-line', waitMs: waitLock ?? 0 },
            ...{ signal: context.signal, warn: (text) => context.warn(text) },
          },
          async (lock) => {
            const found = await find();
            await lock.check();
            const newest = found.backups.at(-1);
            if (newest !== undefined) await destination.mark(newest.id, 'retired', true);
            return found;
          },
        );
    if (line.suspendedBy !== undefined) {
      context.warn(
        `prune still keeps its trusted backups: ${line.suspendedBy} is suspect; see "mangamotion ` +
          'backup accept --help"',
      );
    }
    const { bytesOfLine } = await import('../../../repository/status.js');
    const bytes = bytesOfLine(line);
    await context.output.document({
      json: {
        line: line.name,
        dry_run: context.dryRun,
        already_retired: line.retired,
        backups: line.backups.map(({ id }) => id),
        archive_bytes: bytes,
      },
      human: (page) => {
        const { people } = page;
        const done = context.dryRun ? 'would retire' : '✓ retired';
        const count = `${countOf(line.backups.length, 'backup')}, ${people.bytes(bytes)}`;
        page.text(`${done} ${line.name} (${count})`, context.dryRun ? undefined : 'good');
        page.text('prune may remove all of it');
      },
    });
    return undefined;
  },
});
