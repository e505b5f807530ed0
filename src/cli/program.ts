import { MangamotionError } from '../errors.js';
import { catalog as allCommands } from './catalog.js';
import type { Catalog } from './argv/command.js';
import { type Host, terminalSize } from './host.js';
import { hasFlag, parseCommandLine } from './argv/parser.js';
import { readVersion } from './argv/version.js';
import { Sink } from './output/sink.js';
import { SHARD_COMMAND, shardCatalog } from './commands/backup/shard-command.js';
import { NAMES_COMMAND } from './completion/names-command.js';

const DEFAULT_HELP_WIDTH = 100;

/**
 * The whole program: from the words of the command line (without `node` and the script) to the exit
 * status. Never rejects. Modules that `--help` does not need are imported where they are needed.
 */
export async function main(
  argv: readonly string[],
  host: Host,
  catalog: Catalog = allCommands,
): Promise<number> {
  const sink = new Sink(host.stdout);
  const [first, ...rest] = argv;
  if (first === NAMES_COMMAND) {
    const { answerNames } = await import('./names/answer.js');
    return await answerNames(rest, catalog, host, sink);
  }
  if (first === SHARD_COMMAND && catalog !== shardCatalog)
    return await main(argv, host, shardCatalog);
  // A reader of stderr that went away must not end a backup.
  host.stderr.on('error', () => undefined);
  try {
    const width = terminalSize(host.stdout)?.columns ?? DEFAULT_HELP_WIDTH;
    const parsed = await parseCommandLine(argv, catalog, width);
    if (parsed.kind === 'run') {
      const { runCommand } = await import('./run/run-command.js');
      return await runCommand(parsed.invocation, catalog, host, sink);
    }
    if (parsed.kind === 'incomplete' && !hasFlag(argv, '--json')) {
      host.stderr.write(parsed.text);
      return 2;
    }
    if (parsed.kind === 'incomplete') {
      throw new MangamotionError('usage', 'no command given', { hint: 'run `mangamotion --help`' });
    }
    const isVersion = parsed.text === `${readVersion()}\n`;
    const asJson = isVersion && hasFlag(argv, '--json');
    await sink.write(asJson ? `${JSON.stringify({ version: readVersion() })}\n` : parsed.text);
    await sink.flush();
    return 0;
  } catch (error) {
    const { reportFailure } = await import('./run/failure.js');
    return reportFailure(error, {
      sink,
      host,
      json: hasFlag(argv, '--json'),
      debug: hasFlag(argv, '--debug'),
      secrets: [],
    });
  }
}
