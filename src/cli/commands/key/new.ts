import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { MangamotionError } from '../../../errors.js';
import { type CommandContext, defineCommand } from '../../argv/command.js';
import { STATE_OPTION, stateFolderOf } from '../schedule/state-folder.js';

export const keyNew = defineCommand({
  description:
    'Make an age key for encrypted backups and print its recipient. Keep the file where the host that ' +
    'makes backups cannot read it, and a copy in a second place: without it, nobody can open the ' +
    'backups. With --host, make the key of this host, which opens the indexes of its backups and no ' +
    'contents; incremental backups need it. With --signing, make a key that signs backups, and its ' +
    'public key in FILE.pub; minisign can use both.',
  arguments: {
    file: { description: 'the new file; it must not exist', optional: true, complete: 'file' },
  },
  options: {
    host: { description: 'make the key of this host, in the state folder, instead of a file' },
    signing: { description: 'make a key that signs backups (minisign, without a password)' },
    stateDir: STATE_OPTION,
  },
  changes: 'always',
  usesStore: false,
  printsRows: false,
  endsWith: ['refused'],
  examples: {
    'mangamotion key new backup.agekey': 'make a key for the people who restore',
    'mangamotion key new --signing backup.key': 'make a key that signs backups, and backup.key.pub',
    'mangamotion key new --host': 'make the key that incremental backups of this host need',
  },
  async run(context, { file }, { host, signing, stateDir }) {
    const { newIdentity, recipientOf } = await import('../../../age/keys.js');
    const { hostKeyFile, writeKeyFile } = await import('../../run/open-vault.js');
    if (host === (file !== undefined)) {
      throw new MangamotionError('usage', host ? '--host takes no file' : 'name a new file', {
        hint: signing
          ? 'Run "mangamotion key new --signing FILE".'
          : 'Run "mangamotion key new FILE", or "mangamotion key new --host".',
      });
    }
    if (host && signing) {
      throw new MangamotionError('usage', '--host and --signing cannot be combined');
    }
    if (stateDir !== undefined && !host) {
      throw new MangamotionError('usage', '--state-dir needs --host');
    }
    if (signing && file !== undefined) {
      await newSigning(context, path.resolve(context.cwd, file));
      return undefined;
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
              ? '\nThis host can now make encrypted incremental backups.'
              : '\nGive the recipient to the host that makes backups: --recipient, or BACKUP_AGE_RECIPIENTS. Keep the key ' +
                  'off that host, and keep a second copy: without it, nobody can open the backups.',
            'muted',
          ),
    });
    return undefined;
  },
});

/** Writes the secret key first: from it the public one can be had again. */
async function newSigning({ output }: CommandContext, target: string): Promise<void> {
  const keys = await import('../../../signature/keys.js');
  const { writeKeyFile } = await import('../../run/open-vault.js');
  const publicFile = `${target}.pub`;
  const key = keys.newSigningKey();
  const signer = keys.publicKeyText(key.publicKey);
  await writeKeyFile(target, keys.encodeSigningKey(key));
  try {
    await writeKeyFile(publicFile, keys.encodePublicKey(key.publicKey));
  } catch (error) {
    await rm(target, { force: true });
    throw error;
  }
  await output.document({
    json: { file: target, public_file: publicFile, signer },
    human: (page) =>
      page
        .fields([
          { label: 'key', text: target },
          { label: 'public key', text: publicFile },
          { label: 'signer', text: signer },
        ])
        .text(
          '\nSign backups with --signing-key, or set BACKUP_SIGNING_KEY_FILE. Keep a copy of the public key away from ' +
            'the backups: verify and restore check the signatures with --signer.',
          'muted',
        ),
  });
}
