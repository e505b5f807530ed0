import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { MangamotionError } from '../../../errors.js';
import { defineCommand } from '../../argv/command.js';
import { STATE_OPTION, stateFolderOf } from '../schedule/state-folder.js';

export const keyNew = defineCommand({
  description:
    'Make an age key for encrypted backups and print its recipient. Keep the file where the host that ' +
    'makes backups cannot read it, and a copy in a second place: without it, nobody can open the ' +
    'backups. With --host, make the key of this host, which opens the indexes of its backups and no ' +
    'contents; incremental backups need it.',
  arguments: {
    file: { description: 'the new file; it must not exist', optional: true, complete: 'file' },
  },
  options: {
    host: { description: 'make the key of this host, in the state folder, instead of a file' },
    stateDir: STATE_OPTION,
  },
  changes: 'always',
  usesStore: false,
  printsRows: false,
  endsWith: ['refused'],
  examples: {
    'mangamotion key new backup.agekey': 'make a key for the people who restore',
    'mangamotion key new --host': 'make the key that incremental backups of this host need',
  },
  async run(context, { file }, { host, stateDir }) {
    const { newIdentity, recipientOf } = await import('../../../age/keys.js');
    const { hostKeyFile, writeKeyFile } = await import('../../run/open-vault.js');
    if (host === (file !== undefined)) {
      throw new MangamotionError('usage', host ? '--host takes no file' : 'name a new file', {
        hint: 'Run "mangamotion key new FILE", or "mangamotion key new --host".',
      });
    }
    if (stateDir !== undefined && !host) {
      throw new MangamotionError('usage', '--state-dir needs --host');
    }
    const folder = stateFolderOf(context, stateDir);
    const target = file === undefined ? hostKeyFile(folder) : path.resolve(context.cwd, file);
    if (file === undefined) await mkdir(folder, { recursive: true, mode: 0o700 });
    const identity = await newIdentity();
    const recipient = await recipientOf(identity, target);
    const created = context.now().toISOString();
    const comments = `# created: ${created}\n# public key: ${recipient}\n`;
    await writeKeyFile(target, `${comments}${identity.text}\n`);
    await context.output.document({
      json: { file: target, recipient },
      human: (page) =>
        page
          .fields([
            { label: 'key', text: target },
            { label: 'recipient', text: recipient },
          ])
          .text(
            host
              ? '\nIncremental backups of this host can now be encrypted.'
              : '\nEncrypt backups with --recipient, or set BACKUP_AGE_RECIPIENTS. Keep the key elsewhere.',
            'muted',
          ),
    });
    return undefined;
  },
});
