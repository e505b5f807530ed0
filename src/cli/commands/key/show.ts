import path from 'node:path';
import { defineCommand } from '../../argv/command.js';

export const keyShow = defineCommand({
  description:
    'Print the public part of each key in a file: of age keys the recipients, which ' +
    'BACKUP_AGE_RECIPIENTS and --recipient take; of a signing key what BACKUP_SIGNER and --signer take. ' +
    'The keys themselves are never printed.',
  arguments: {
    file: { description: 'a file of age keys, a signing key or its public key', complete: 'file' },
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
    const { identitiesIn, readKeys } = await import('../../run/open-vault.js');
    const target = path.resolve(context.cwd, file);
    // Nothing of the keys is printed, so nothing has to be hidden.
    const reports = { warn: (line: string) => context.warn(line), onSecret: () => undefined };
    const text = await readKeys(target, reports);
    const signing = await import('../../../signature/keys.js');
    if (signing.isMinisignFile(text)) {
      const signer = signing.publicKeyText(signing.publicKeyIn(text, target));
      await context.output.document({
        json: { file: target, recipients: [], signer },
        human: (page) => page.text(signer),
      });
      return undefined;
    }
    const recipients: string[] = [];
    for (const identity of await identitiesIn(text, target, reports)) {
      recipients.push(await recipientOf(identity, target));
    }
    await context.output.document({
      json: { file: target, recipients, signer: null },
      human: (page) => page.text(recipients.join('\n')),
    });
    return undefined;
  },
});
