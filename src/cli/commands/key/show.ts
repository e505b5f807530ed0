import path from 'node:path';
import { defineCommand } from '../../argv/command.js';

export const keyShow = defineCommand({
  description:
    'Print the recipient of each key in a file: what BACKUP_AGE_RECIPIENTS and --recipient take. The ' +
    'keys themselves are never printed.',
  arguments: {
    file: { description: 'a file of age keys', complete: 'file' },
  },
  options: {},
  changes: 'nothing',
  usesStore: false,
  printsRows: false,
  endsWith: [],
  examples: {
    'mangamotion key show backup.agekey': 'print the recipients of the keys in a file',
    "mangamotion key show backup.agekey --json | jq -r '.recipients[]'": 'for scripts',
  },
  async run(context, { file }) {
    const { recipientOf } = await import('../../../age/keys.js');
    const { readIdentities } = await import('../../run/open-vault.js');
    const target = path.resolve(context.cwd, file);
    // Nothing of the keys is printed, so nothing has to be hidden.
    const reports = { warn: (line: string) => context.warn(line), onSecret: () => undefined };
    const recipients: string[] = [];
    for (const identity of await readIdentities(target, reports)) {
      recipients.push(await recipientOf(identity, target));
    }
    await context.output.document({
      json: { file: target, recipients },
      human: (page) => page.text(recipients.join('\n')),
    });
    return undefined;
  },
});
